"""How the world reaches the use cases: REST, gRPC and the command line; and the one place that wires it all."""

import os

# By default gRPC runs threads of its own in a forked process until that becomes another program, and interrupts calls
# in this one (https://github.com/grpc/grpc/issues/43055): now and then a browser or a media worker dies before it
# began. It reads this when it is imported, which nothing does before this package. What we fork never uses gRPC.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"
