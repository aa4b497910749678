"""The gRPC transport: pombo.v1, health and reflection. Nothing outside this package sees generated code."""
