"""A beacon node whose answers are well-formed and wrong: a reverse proxy in front of faultproxy.py or a beacon node.

    lying_proxy.py --port 15054 --upstream http://127.0.0.1:15053
    curl '127.0.0.1:15054/_set?frozen=1'     # several at once; an empty value switches one off

    empty=SUBSTRING   `"data": []` for paths that contain it, e.g. /duties/attester/
    target=1          attestation data with the target of the next epoch
    frozen=1          node/syncing says that it follows, with the head of when the lie began
"""
import argparse
import asyncio
import json

import aiohttp
from aiohttp import web

HOP_BY_HOP = {"host", "content-length", "connection", "transfer-encoding", "content-encoding"}


class LyingProxy:
    def __init__(self, upstream):
        self.upstream, self.lies, self.head = upstream, {}, None

    def on(self, name):
        return self.lies.get(name, "")

    async def handle(self, request):
        if request.path == "/_set":
            self.lies.update(request.query)
            if not self.on("frozen"):
                self.head = None
            return web.json_response({k: v for k, v in self.lies.items() if v})
        try:
            return await self.forward(request, await request.read())
        except aiohttp.ClientError:
            # As it came from behind: a broken connection.
            if request.transport is not None:
                request.transport.abort()
            raise asyncio.CancelledError from None

    async def forward(self, request, body):
        headers = {k: v for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP}
        async with self.session.request(
            request.method, self.upstream + request.path_qs, data=body or None, headers=headers
        ) as answer:
            kept = {k: v for k, v in answer.headers.items() if k.lower() not in HOP_BY_HOP}
            if not request.path.endswith("/events"):
                content = self.lie(request.path, answer.status, await answer.read())
                return web.Response(body=content, status=answer.status, headers=kept)
            stream = web.StreamResponse(status=answer.status, headers=kept)
            await stream.prepare(request)
            async for chunk in answer.content.iter_any():
                await stream.write(chunk)
            return stream

    def lie(self, path, status, content):
        is_empty = self.on("empty") and self.on("empty") in path
        is_frozen = self.on("frozen") and path.endswith("/node/syncing")
        is_target = self.on("target") and path.endswith("/attestation_data")
        if status != 200 or not (is_empty or is_frozen or is_target):
            return content
        try:
            answer = json.loads(content)
        except ValueError:
            return content
        if is_empty:
            answer["data"] = []
        elif is_target:
            target = answer["data"]["target"]
            target["epoch"] = str(int(target["epoch"]) + 1)
        else:
            self.head = self.head or answer["data"]["head_slot"]
            answer["data"] |= {"head_slot": self.head, "sync_distance": "0", "is_syncing": False}
        return json.dumps(answer).encode()


async def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", required=True)
    args = parser.parse_args()
    proxy = LyingProxy(args.upstream.rstrip("/"))
    proxy.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
    app = web.Application(client_max_size=64 << 20)
    app.router.add_route("*", "/{path:.*}", proxy.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", args.port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
