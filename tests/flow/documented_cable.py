# pip install websocket-client
# The document's Python client, as printed, but for where it connects to and for how it is stopped.
import json
import sys

import websocket

url, call_id, CABLE_TOKEN = sys.argv[1], int(sys.argv[2]), sys.argv[3]
ws = websocket.create_connection(url)
identifier = json.dumps({"channel": "CallsChannel", "id": call_id, "token": CABLE_TOKEN})
ws.send(json.dumps({"command": "subscribe", "identifier": identifier}))
while True:
    m = json.loads(ws.recv()).get("message")
    if not m:  # welcome / ping / confirm_subscription
        continue
    if m["type"] == "transcript":
        print(m["role"], ":", m["content"], flush=True)
    elif m["type"] == "status_changed":
        print("status:", m["status"], flush=True)
        if m["status"] == "completed":
            sys.exit(0)
