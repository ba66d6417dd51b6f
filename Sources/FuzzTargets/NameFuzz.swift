import Cluster
import Libp2p
import NIOCore
import SSZ
import Secp256k1

/// Names and addresses of nodes.
enum NameFuzz {
    /// Byte 0: text or binary; then the address.
    static func multiaddr(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        let isText = source.flag()
        let rest = source.rest()
        return outcome {
            let address =
                isText
                ? try Multiaddr(String(decoding: rest, as: UTF8.self)) : try Multiaddr(bytes: ByteBuffer(bytes: rest))
            precondition((1...Multiaddr.componentsMax).contains(address.components.count))
            if isText { precondition(rest.allSatisfy { $0 > 0x20 && $0 != 0x7f }, "accepted control characters") }
            let text = address.description
            precondition(
                text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f }, "control characters in \(text.debugDescription)")
            // Long binary peer ids grow when written; what is too long as text is refused as text.
            if text.utf8.count <= Multiaddr.bytesMax {
                precondition((try? Multiaddr(text)) == address, "text form differs: \(text.debugDescription)")
            }
            precondition((try? Multiaddr(bytes: ByteBuffer(bytes: address.bytes))) == address, "binary form differs")
            _ = (address.endpoint, address.isLoopback, address.isUnspecified, address.isRelayed)
            precondition(address.transport?.peer == nil || address.components.count > 1)
            return "ok\(address.components.count)\(address.endpoint == nil)\(address.peer == nil)"
        }
    }

    /// Byte 0: text, multihash or key; then the id.
    static func peerID(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        let kind = source.choice(3)
        let rest = source.rest()
        return outcome {
            let peer =
                switch kind {
                case 0: try PeerID(String(decoding: rest, as: UTF8.self))
                case 1: try PeerID(bytes: rest)
                default: try PeerID(keyProtobuf: rest)
                }
            precondition((try? PeerID(peer.description)) == peer && (try? PeerID(bytes: peer.bytes)) == peer)
            if kind == 1 { precondition(peer.bytes == rest) }
            if kind == 2 { precondition(peer.keyProtobuf == rest) }
            let isPoint = (try? peer.publicKey()) != nil
            return "\(kind)\(isPoint)"
        }
    }

    /// Byte 0: 0 the rest is the text; else the rest is the content (RLP), which we sign.
    static func enr(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        let isSigned = source.flag()
        let rest = source.rest()
        var text = String(decoding: rest, as: UTF8.self)
        if isSigned {
            guard let content = RLP.decodeList(rest) else { return "no list" }
            let digest = keccak256(RLP.encode(list: content))
            let record = RLP.encode(list: [Array(Known.keys[0].sign(digest: digest).bytes.prefix(64))] + content)
            text = "enr:" + base64URL(record)
        }
        return (isSigned ? "signed " : "")
            + outcome {
                let record = try ENR(text)
                precondition((try? ENR(record.text)) == record, "record changed")
                return "ok\(record.ip == nil)\(record.tcpPort == nil)\(record.udpPort == nil)"
            }
    }

    static func base64URL(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text: [UInt8] = []
        var (bits, count) = (UInt32(0), 0)
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(alphabet[Int(bits >> UInt32(count)) & 63])
            }
            bits &= 0xff
        }
        if count > 0 { text.append(alphabet[Int(bits << UInt32(6 - count)) & 63]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// All of it is the list.
    static func rlp(_ bytes: [UInt8]) -> String {
        guard let items = RLP.decodeList(bytes) else { return "no list" }
        precondition(items.reduce(items.count) { $0 + $1.count } <= 2 * bytes.count, "more than the bytes hold")
        precondition(RLP.decodeList(RLP.encode(list: items)) == items, "list changed")
        return "\(min(items.count, 4))"
    }
}
