"""The yardstick: FastAPI and wechatpy as their documentation shows them; it stores nothing.

`python -m bench.echo` prints its address and serves until a signal ends it.
"""

import socket

import uvicorn
from fastapi import FastAPI, Request, Response
from wechatpy import create_reply, parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import check_signature

from bench.messages import KEYS, PATH

app = FastAPI()
crypto = WeChatCrypto(KEYS.token, KEYS.aes_key, KEYS.app_id)


@app.post(PATH)
async def echo(request: Request, signature: str, timestamp: str, nonce: str, msg_signature: str) -> Response:
    check_signature(KEYS.token, signature, timestamp, nonce)
    body = await request.body()
    message = parse_message(crypto.decrypt_message(body, msg_signature, timestamp, nonce))
    reply = create_reply(message.content, message)
    sealed = crypto.encrypt_message(reply.render(), nonce, timestamp)
    return Response(sealed, media_type="application/xml")


def main() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app, loop="uvloop", http="httptools", access_log=False, log_level="warning")
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
