import NIOCore
import SSZ
import Secp256k1
import Testing

@testable import Libp2p

@Suite struct PeerIDTests {
    /// spec/p2p.md §1.3.
    static let text = "16Uiu2HAmFdVuEdPdXjE4MGobmCefNtnD3xKq7SqMjegTvnTL6AdD"
    static let key = "032c314ff5fbc9f4c64a0e243f6ff833928e673c1454d7bfdc565bc82a6d9c6570"

    @Test func knownAnswer() throws {
        let bytes = try Hex.decode("00250802" + "1221" + Self.key, bytesMax: 64)
        let peer = PeerID(try PublicKey(Hex.decode(Self.key, bytesMax: 33)))
        #expect(peer.description == Self.text)
        #expect(peer.bytes == bytes)
        #expect(peer.keyProtobuf == Array(bytes.dropFirst(2)))
        #expect(try PeerID(Self.text) == peer)
        #expect(try PeerID(bytes: bytes) == peer)
        #expect(try peer.publicKey().compressed.hex == "0x" + Self.key)
    }

    @Test("a CIDv1 is the same peer in any base")
    func cid() throws {
        let peer = try PeerID(Self.text)
        let cid = [0x01, 0x72] + peer.bytes
        #expect(try PeerID("f" + Hex.encodeBare(cid)) == peer)
        #expect(try PeerID("z" + BaseText.encode(cid, BaseText.base58)) == peer)
        #expect(try PeerID("k" + BaseText.encode(cid, BaseText.base36)) == peer)
        #expect(try PeerID("b" + base32(cid)) == peer)
    }

    @Test("base32 as RFC 4648 has it", arguments: [("", ""), ("f", "my"), ("fo", "mzxq"), ("foobar", "mzxw6ytboi")])
    func base32Vectors(plain: String, text: String) {
        #expect(BaseText.decodeBase32(Substring(text)) == Array(plain.utf8))
        #expect(base32(Array(plain.utf8)) == text)
    }

    @Test("ordered as the raw bytes")
    func order() {
        let peers = (1...20).map { peer($0) }
        #expect(peers.sorted() == peers.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) })
    }

    @Test(
        "refuses texts",
        arguments: [
            "", "1", "16Uiu2", "16Uiu2HAmFdVuEdPdXjE4MGobmCefNtnD3xKq7SqMjegTvnTL6Ad0", text + "1",
            String(text.dropLast()),
            "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA", "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",
            "b", "k", "z", "f", "é", String(repeating: "1", count: 1000), "f0172" + "00",
            "bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe",
        ])
    func refusesTexts(text: String) {
        #expect(throws: PeerID.Failure.self) { try PeerID(text) }
    }

    @Test func refusesBytes() throws {
        let bytes = try PeerID(Self.text).bytes
        for length in 0..<bytes.count {
            #expect(throws: PeerID.Failure.unsupportedMultihash) { try PeerID(bytes: bytes.prefix(length)) }
        }
        #expect(throws: PeerID.Failure.unsupportedMultihash) { try PeerID(bytes: bytes + [0]) }
        for index in 0..<7 {
            var wrong = bytes
            wrong[index] ^= 0x10
            #expect(throws: PeerID.Failure.unsupportedMultihash) { try PeerID(bytes: wrong) }
        }
    }

    private func base32(_ bytes: [UInt8]) -> String {
        var text = ""
        var bits: UInt64 = 0
        var count = 0
        for byte in bytes + [0] {
            if byte == 0, text.count * 5 >= bytes.count * 8 { break }
            bits = (bits << 8 | UInt64(byte)) & 0xffff
            count += 8
            while count >= 5, text.count * 5 < bytes.count * 8 {
                count -= 5
                text.append(Character(UnicodeScalar(BaseText.base32[Int(bits >> UInt64(count) & 31)])))
            }
        }
        return text
    }
}
