"""Serve moto's AWS on a free loopback port until standard input is closed; standard output is its address, as JSON."""

import json
import logging
import sys

from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)  # else it writes a line for each request
sys.stdin.readline()
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
host, port = server.get_host_and_port()
sys.stdout.write(json.dumps(f"http://{host}:{port}") + "\n")
sys.stdout.flush()
sys.stdin.read()
server.stop()
