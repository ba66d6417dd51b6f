import NIOCore
import SSZ
import TestSupport
import Testing

@testable import Libp2p

@Suite struct MultiaddrTests {
    @Test(
        "text and binary forms",
        arguments: [
            ("/ip4/127.0.0.1/tcp/3610", "047f000001060e1a"),
            ("/ip4/1.2.3.4/udp/80/quic-v1", "0401020304910200" + "50cd03"),
            ("/ip6/2001:db8::1/tcp/0", "2920010db8000000000000000000000001060000"),
            ("/dns/example.org/tcp/443", "350b6578616d706c652e6f72670601bb"),
            ("/dns4/a/tcp/1", "360161060001"),
            ("/dns6/a/tcp/1", "370161060001"),
            ("/dns/\u{301}a/tcp/1", "3503cc8161060001"),
            ("/p2p/\(PeerIDTests.text)", "a50327002508021221\(PeerIDTests.key)"),
            (
                "/ip4/1.2.3.4/tcp/5/p2p/\(PeerIDTests.text)/p2p-circuit/p2p/\(PeerIDTests.text)",
                "0401020304060005a50327002508021221\(PeerIDTests.key)a202a50327002508021221\(PeerIDTests.key)"
            ),
        ])
    func forms(text: String, hex: String) throws {
        let address = try Multiaddr(text)
        #expect(address.description == text)
        #expect(Hex.encodeBare(address.bytes) == hex)
        let bytes = try Hex.decode(hex, bytesMax: 512)
        #expect(try Multiaddr(bytes: ByteBuffer(bytes: bytes)) == address)
        // A cut is an error or a shorter address, never a crash.
        for length in 0..<bytes.count {
            guard let shorter = try? Multiaddr(bytes: ByteBuffer(bytes: bytes.prefix(length))) else { continue }
            #expect(shorter.components.count < address.components.count)
        }
    }

    @Test(
        "refuses texts",
        arguments: [
            "", "/", "//", "ip4/1.2.3.4", "/ip4", "/ip4/", "/ip4/1.2.3", "/ip4/1.2.3.256", "/ip4/1.2.3.4/tcp",
            "/ip4/1.2.3.4/tcp/65536", "/ip4/1.2.3.4/tcp/+1", "/ip4/1.2.3.4/tcp/-1", "/ip4/1.2.3.4/tcp/x",
            "/ip6/:::/tcp/1",
            "/ip6/fe80::1%eth0/tcp/1", "/sctp/1", "/p2p/x", "/dns//tcp/1", "/dns/a b/tcp/1",
            "/ip4/1.2.3.4\u{0}x/tcp/1", "/ip6/::1\u{0}/tcp/1", "/dns/a/\u{301}b/tcp/1",
            "/dns/\(String(repeating: "a", count: 254))/tcp/1", String(repeating: "/quic-v1", count: 13),
            String(repeating: "/quic-v1", count: 1000),
        ])
    func refusesTexts(text: String) {
        #expect(throws: Multiaddr.Failure.self) { try Multiaddr(text) }
    }

    @Test("random bytes are an address or an error")
    func randomBytes() {
        var dice = SeededGenerator(seed: 1)
        for _ in 0..<20_000 {
            let bytes = [[4, 41, 6, 53, 54, 55].randomElement(using: &dice) ?? 4] + dice.bytes(Int(dice.next() % 40))
            if let address = try? Multiaddr(bytes: ByteBuffer(bytes: bytes)) {
                #expect((try? Multiaddr(bytes: ByteBuffer(bytes: address.bytes))) == address)
            }
        }
    }

    @Test(
        "where a TCP socket goes",
        arguments: [
            ("/ip4/1.2.3.4/tcp/5", "1.2.3.4", 5), ("/ip6/::1/tcp/6/p2p/\(PeerIDTests.text)", "::1", 6),
            ("/dns/node.example/tcp/7", "node.example", 7),
        ])
    func endpoints(text: String, host: String, port: Int) throws {
        let endpoint = try #require(Multiaddr(text).endpoint)
        #expect(endpoint.host == host && endpoint.port == port)
    }

    @Test(
        "not for a TCP socket",
        arguments: [
            "/ip4/1.2.3.4/udp/5/quic-v1", "/tcp/5", "/ip4/1.2.3.4", "/p2p/\(PeerIDTests.text)",
            "/ip4/1.2.3.4/tcp/5/p2p/\(PeerIDTests.text)/p2p-circuit/p2p/\(PeerIDTests.text)",
            "/ip4/1.2.3.4/tcp/5/quic-v1",
        ])
    func noEndpoint(text: String) throws {
        #expect(try Multiaddr(text).endpoint == nil)
    }
}
