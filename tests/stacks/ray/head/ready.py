#!/usr/bin/env python3
"""Exits with 0 when the Ray Client server answers.

It asks what `ray.init` asks first, the PING of the client protocol. `ray health-check --component
ray_client_server` turns true at the same moment, and costs ten times as much: it loads all of Ray.
"""

import sys

import grpc

CLUSTER_INFO_REQUEST_PING = b"\x08\x06"  # protobuf: field 1 (type) = 6 (PING)

ping = grpc.insecure_channel("127.0.0.1:10001").unary_unary("/ray.rpc.RayletDriver/ClusterInfo")
try:
    ping(CLUSTER_INFO_REQUEST_PING, timeout=3)
except grpc.RpcError as error:
    sys.exit(f"not ready: {error.code().name}")
