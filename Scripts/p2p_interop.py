#!/usr/bin/env python3
"""The other side of Tests/Libp2pTests/InteropTests.swift: a py-libp2p 0.8.1 host.

    p2p_interop.py serve KEY           listens, prints "ADDR <multiaddr>", serves until standard input ends
    p2p_interop.py dial KEY ADDR       dials ADDR: identify, ping, echo of 10 MB; prints "OK"
    p2p_interop.py refused KEY ADDR    dials ADDR and expects to be thrown out; prints "OK"
    p2p_interop.py reserve KEY RELAY   reserves on RELAY, prints "RESERVED", echoes until standard input ends
    p2p_interop.py through KEY RELAY PEER  dials PEER through RELAY: echo of 1 MB; prints "OK"

KEY is the secp256k1 secret in hex. Needs: pip install libp2p==0.8.1
"""

import hashlib
import sys

import multiaddr
import trio
from libp2p import create_yamux_muxer_option, new_host
from libp2p.crypto.secp256k1 import create_new_key_pair
from libp2p.crypto.x25519 import create_new_key_pair as x25519_key_pair
from libp2p.custom_types import TProtocol
from libp2p.host.ping import ID as PING, PingService, handle_ping
from libp2p.identity.identify.identify import ID as IDENTIFY, parse_identify_response
from libp2p.network.stream.exceptions import StreamEOF
from libp2p.peer.peerinfo import info_from_p2p_addr
from libp2p.peer.id import ID
from libp2p.relay.circuit_v2.config import RelayConfig, RelayRole
from libp2p.relay.circuit_v2.protocol import PROTOCOL_ID as HOP, CircuitV2Protocol
from libp2p.relay.circuit_v2.transport import CircuitV2Transport
from libp2p.security.noise.transport import PROTOCOL_ID as NOISE, Transport as Noise
from libp2p.tools.anyio_service import background_trio_service

ECHO = TProtocol("/styx/interop/echo/1")
MEGABYTES = 10


def make_host(secret):
    pair = create_new_key_pair(bytes.fromhex(secret))
    noise = Noise(libp2p_keypair=pair, noise_privkey=x25519_key_pair().private_key)
    return new_host(key_pair=pair, muxer_opt=create_yamux_muxer_option(), sec_opt={NOISE: noise})


async def read_some(stream):
    try:
        return await stream.read(1 << 16)
    except StreamEOF:
        return b""


async def echo(stream):
    while True:
        data = await read_some(stream)
        if not data:
            break
        await stream.write(data)
    await stream.close()


async def serve(host):
    host.set_stream_handler(ECHO, echo)
    host.set_stream_handler(PING, handle_ping)
    async with host.run(listen_addrs=[multiaddr.Multiaddr("/ip4/127.0.0.1/tcp/0")]):
        print("ADDR", host.get_addrs()[0], flush=True)
        await trio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)


async def dial(host, address):
    info = info_from_p2p_addr(multiaddr.Multiaddr(address))
    async with host.run(listen_addrs=[multiaddr.Multiaddr("/ip4/127.0.0.1/tcp/0")]):
        await host.connect(info)

        stream = await host.new_stream(info.peer_id, [IDENTIFY])
        raw = b""
        while True:
            data = await read_some(stream)
            if not data:
                break
            raw += data
        reply = parse_identify_response(raw)
        assert reply.agent_version == "styx-interop", reply.agent_version
        assert str(ECHO) in list(reply.protocols), reply.protocols

        rtts = await PingService(host).ping(info.peer_id, 3)
        assert len(rtts) == 3, rtts

        block = hashlib.sha256(b"styx").digest() * 2048  # 64 KiB
        count = MEGABYTES * 16
        stream = await host.new_stream(info.peer_id, [ECHO])

        async def send():
            for _ in range(count):
                await stream.write(block)
            await stream.close_write()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            received = bytearray()
            while len(received) < count * len(block):
                data = await read_some(stream)
                assert data, f"end after {len(received)} bytes"
                received += data
        assert received == block * count
        assert await read_some(stream) == b""
        print("OK", flush=True)


async def refused(host, address):
    info = info_from_p2p_addr(multiaddr.Multiaddr(address))
    async with host.run(listen_addrs=[multiaddr.Multiaddr("/ip4/127.0.0.1/tcp/0")]):
        try:
            with trio.fail_after(20):
                await host.connect(info)
                stream = await host.new_stream(info.peer_id, [ECHO])
                await stream.write(b"x")
                assert not await stream.read(1), "a stranger was served"
        except AssertionError:
            raise
        except Exception as error:
            print("refused:", repr(error), file=sys.stderr)
        print("OK", flush=True)


async def reserve(host, address):
    info = info_from_p2p_addr(multiaddr.Multiaddr(address))
    host.set_stream_handler(ECHO, echo)
    async with host.run(listen_addrs=[]), trio.open_nursery() as nursery:
        circuits = CircuitV2Protocol(host)
        transport = CircuitV2Transport(host, circuits, RelayConfig(roles=RelayRole.STOP | RelayRole.CLIENT))
        async with background_trio_service(circuits):
            await circuits.event_started.wait()
            await host.connect(info)
            stream = await host.new_stream(info.peer_id, [HOP])
            assert await transport.reserve(stream, info.peer_id, nursery), "not reserved"
            print("RESERVED", flush=True)
            await trio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)
        nursery.cancel_scope.cancel()


async def through(host, address, target):
    info = info_from_p2p_addr(multiaddr.Multiaddr(address))
    async with host.run(listen_addrs=[]):
        circuits = CircuitV2Protocol(host)
        transport = CircuitV2Transport(host, circuits, RelayConfig(roles=RelayRole.STOP))
        async with background_trio_service(circuits):
            await circuits.event_started.wait()
            await host.connect(info)
            await transport.dial(multiaddr.Multiaddr(f"{address}/p2p-circuit/p2p/{target}"))
            stream = await host.new_stream(ID.from_base58(target), [ECHO])
            block = hashlib.sha256(b"styx").digest() * 2048  # 64 KiB
            count = 16

            async def send():
                for _ in range(count):
                    await stream.write(block)
                await stream.close_write()

            async with trio.open_nursery() as nursery:
                nursery.start_soon(send)
                received = bytearray()
                while len(received) < count * len(block):
                    data = await read_some(stream)
                    assert data, f"end after {len(received)} bytes"
                    received += data
            assert received == block * count
            print("OK", flush=True)


async def main():
    mode, secret, *rest = sys.argv[1:]
    host = make_host(secret)
    if mode == "serve":
        await serve(host)
    elif mode == "dial":
        with trio.fail_after(110):
            await dial(host, rest[0])
    elif mode == "refused":
        await refused(host, rest[0])
    elif mode == "reserve":
        await reserve(host, rest[0])
    elif mode == "through":
        with trio.fail_after(60):
            await through(host, *rest)
    else:
        raise SystemExit(__doc__)


trio.run(main)
