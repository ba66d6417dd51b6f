"""Network namespaces joined by an emulated network: delay, loss and partitions, without tc's netem.

Each namespace has one TUN device; a thread here carries packets between them, late or not at all. So it needs
CAP_NET_ADMIN, iproute2 and /dev/net/tun, and no kernel module. It never touches an address outside 10.77.0.0/16.
"""
import ctypes
import fcntl
import heapq
import os
import random
import select
import socket
import struct
import subprocess
import threading
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI, CLONE_NEWNET = 0x400454CA, 0x0001, 0x1000, 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
MTU = 1500
QUEUE_MAX = 50_000


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


def setns(path):
    with open(path) as file:
        if LIBC.setns(file.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


def why_not():
    """None, or why namespaces cannot be had here."""
    if os.geteuid() != 0:
        return "not root"
    for program in ("ip", "nft"):
        if subprocess.run(["sh", "-c", f"command -v {program}"], capture_output=True).returncode != 0:
            return f"no {program} (install iproute2 and nftables)"
    if not os.path.exists("/dev/net/tun"):
        return "no /dev/net/tun"
    name = f"styx-probe-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if made.returncode != 0:
        return "ip netns add: " + made.stderr.strip()
    subprocess.run(["ip", "netns", "del", name], capture_output=True)
    return None


class Namespace:
    """A network of its own, where processes run and sockets are made."""

    def __init__(self, name):
        self.name = f"styx-{os.getpid()}-{name}"
        self.path = f"/var/run/netns/{self.name}"
        self.command = ["ip", "netns", "exec", self.name]
        ip("netns", "add", self.name)
        self.ip("link", "set", "lo", "up")

    def ip(self, *words):
        ip("-n", self.name, *words)

    def nft(self, rules):
        subprocess.run([*self.command, "nft", "-f", "-"], input=rules, text=True, check=True, capture_output=True)

    def inside(self, body):
        """Runs `body` in a thread that has entered the namespace: sockets and devices it makes belong there."""
        result = []

        def work():
            setns(self.path)
            try:
                result.append((body(), None))
            except Exception as error:
                result.append((None, error))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        value, error = result[0]
        if error:
            raise error
        return value

    def connect(self, port):
        return self.inside(lambda: socket.create_connection(("127.0.0.1", port), timeout=10))

    def tun(self, address):
        """A TUN device with `address`/24; packets go to and come from the file returned."""

        def make():
            fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", b"net0", IFF_TUN | IFF_NO_PI))
            return fd

        fd = self.inside(make)
        self.ip("addr", "add", f"{address}/24", "dev", "net0")
        self.ip("link", "set", "net0", "mtu", str(MTU), "up")
        return fd

    def forward(self, port, target):
        """Carries connections to 127.0.0.1:`port` in here to `target` on this machine's own loopback."""
        listener = self.inside(lambda: socket.create_server(("127.0.0.1", port)))
        threading.Thread(target=serve_forward, args=(listener, target), daemon=True).start()

    def remove(self):
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True)


def serve_forward(listener, target):
    while True:
        inner, _ = listener.accept()
        try:
            outer = socket.create_connection(("127.0.0.1", target), timeout=10)
        except OSError:
            inner.close()
            continue
        outer.settimeout(None)
        for a, b in ((inner, outer), (outer, inner)):
            threading.Thread(target=carry, args=(a, b), daemon=True).start()


def carry(source, target):
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for each in (source, target):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Network:
    """Carries packets between TUN devices: `delay` seconds late, `loss` of them not, none between `parts`."""

    def __init__(self):
        self.delay, self.loss, self.parts = 0.0, 0.0, []
        self.fds, self.addresses, self.queue, self.count = {}, {}, [], 0
        self.carried = self.lost = 0
        self.random = random.Random(7)
        self.poll = select.epoll()
        threading.Thread(target=self.work, daemon=True).start()

    def add(self, address, fd):
        key = socket.inet_aton(address)
        self.fds[key], self.addresses[fd] = fd, key
        self.poll.register(fd, select.EPOLLIN)

    def is_parted(self, a, b):
        for part in self.parts:
            if (a in part) != (b in part):
                return True
        return False

    def work(self):
        while True:
            wait = max(0.0, self.queue[0][0] - time.monotonic()) if self.queue else 0.02
            for fd, _ in self.poll.poll(min(wait, 0.02)):
                for _ in range(64):
                    try:
                        packet = os.read(fd, 65536)
                    except BlockingIOError:
                        break
                    self.route(self.addresses[fd], packet)
            now = time.monotonic()
            while self.queue and self.queue[0][0] <= now:
                _, _, fd, packet = heapq.heappop(self.queue)
                try:
                    os.write(fd, packet)
                except OSError:
                    pass

    def route(self, source, packet):
        if len(packet) < 20 or packet[0] >> 4 != 4:
            return
        target = bytes(packet[16:20])
        fd = self.fds.get(target)
        if fd is None or self.is_parted(source, target):
            return
        if self.random.random() < self.loss or len(self.queue) >= QUEUE_MAX:
            self.lost += 1
            return
        self.carried += 1
        self.count += 1
        heapq.heappush(self.queue, (time.monotonic() + self.delay, self.count, fd, packet))


if __name__ == "__main__":
    cause = why_not()
    if cause:
        print(f"netns: SKIPPED: {cause}")
    raise SystemExit(1 if cause else 0)
