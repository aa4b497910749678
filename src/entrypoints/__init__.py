"""How the world reaches the use cases: REST, gRPC and the command line; and the one place that wires it all."""
