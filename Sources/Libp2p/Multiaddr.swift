import Glibc
import NIOCore

/// A self-describing address: `/ip4/1.2.3.4/tcp/3610/p2p/16Uiu2…`. Text and binary forms, strict and bounded.
///
/// Knows what a Charon cluster uses; any other protocol is an error. Source: multiformats/multiaddr.
package struct Multiaddr: Hashable, Sendable {
    package enum Component: Hashable, Sendable {
        /// Big-endian IPv4 address.
        case ip4(UInt32)
        /// 16 bytes, as two big-endian halves.
        case ip6(UInt64, UInt64)
        case tcp(UInt16)
        case udp(UInt16)
        case dns(String)
        case dns4(String)
        case dns6(String)
        case p2p(PeerID)
        case p2pCircuit
        case quicV1
    }

    package enum Failure: Error, Equatable, Sendable {
        case empty
        case tooLong
        /// The text does not start with `/`, or a value is missing.
        case malformed
        case unknownProtocol(String)
        case badValue(String)
        case truncated
    }

    package static let componentsMax = 12
    package static let bytesMax = 1024
    /// RFC 1035.
    static let hostNameBytesMax = 253

    package let components: [Component]

    /// - Precondition: not empty. Host names are as `init(_:)` would take them.
    package init(_ components: [Component]) {
        precondition(!components.isEmpty)
        self.components = components
    }

    /// Parses the text form; a trailing `/` is tolerated, as elsewhere.
    package init(_ text: String) throws(Failure) {
        guard text.utf8.count <= Self.bytesMax else { throw .tooLong }
        // By bytes: as a character, a slash may have swallowed a combining mark after it.
        var parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { String(Substring($0)) }[...]
        guard parts.count > 1, parts.popFirst() == "" else { throw .malformed }
        if parts.last == "" { parts.removeLast() }
        var components: [Component] = []
        while let name = parts.popFirst() {
            guard components.count < Self.componentsMax else { throw .tooLong }
            components.append(
                try Self.component(name) { () throws(Failure) in
                    guard let value = parts.popFirst(), !value.isEmpty else { throw .malformed }
                    return value
                })
        }
        guard !components.isEmpty else { throw .empty }
        self.components = components
    }

    private static func component(_ name: String, value: () throws(Failure) -> String) throws(Failure) -> Component {
        switch name {
        case "ip4":
            let text = try value()
            guard let address = parseIPv4(text) else { throw .badValue(text) }
            return .ip4(address)
        case "ip6":
            let text = try value()
            guard let (high, low) = parseIPv6(text) else { throw .badValue(text) }
            return .ip6(high, low)
        case "tcp": return .tcp(try port(value()))
        case "udp": return .udp(try port(value()))
        case "dns": return .dns(try hostName(value()))
        case "dns4": return .dns4(try hostName(value()))
        case "dns6": return .dns6(try hostName(value()))
        case "p2p", "ipfs":
            let text = try value()
            guard let peer = try? PeerID(text) else { throw .badValue(text) }
            return .p2p(peer)
        case "p2p-circuit": return .p2pCircuit
        case "quic-v1": return .quicV1
        default: throw .unknownProtocol(name)
        }
    }

    private static func port(_ text: String) throws(Failure) -> UInt16 {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(text) else {
            throw .badValue(text)
        }
        return port
    }

    private static func hostName(_ text: String) throws(Failure) -> String {
        // Letters, digits, `-`, `.` and `_`, and non-ASCII letters; never a control character, space or slash.
        guard (1...hostNameBytesMax).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }),
            !text.utf8.contains(UInt8(ascii: "/"))
        else { throw .badValue(text) }
        return text
    }
}

// MARK: Binary form

extension Multiaddr {
    private enum Code {
        static let ip4: UInt64 = 4
        static let tcp: UInt64 = 6
        static let ip6: UInt64 = 41
        static let dns: UInt64 = 53
        static let dns4: UInt64 = 54
        static let dns6: UInt64 = 55
        static let udp: UInt64 = 273
        static let p2pCircuit: UInt64 = 290
        static let p2p: UInt64 = 421
        static let quicV1: UInt64 = 461
    }

    package init(bytes: ByteBuffer) throws(Failure) {
        guard bytes.readableBytes <= Self.bytesMax else { throw .tooLong }
        var rest = bytes
        var components: [Component] = []
        while rest.readableBytes > 0 {
            guard components.count < Self.componentsMax else { throw .tooLong }
            components.append(try Self.component(&rest))
        }
        guard !components.isEmpty else { throw .empty }
        self.components = components
    }

    private static func component(_ rest: inout ByteBuffer) throws(Failure) -> Component {
        switch try varint(&rest) {
        case Code.ip4: return .ip4(try integer(&rest))
        case Code.ip6: return .ip6(try integer(&rest), try integer(&rest))
        case Code.tcp: return .tcp(try integer(&rest))
        case Code.udp: return .udp(try integer(&rest))
        case Code.dns: return .dns(try hostName(string(&rest)))
        case Code.dns4: return .dns4(try hostName(string(&rest)))
        case Code.dns6: return .dns6(try hostName(string(&rest)))
        case Code.p2p:
            guard let peer = try? PeerID(bytes: value(&rest).readableBytesView) else { throw .badValue("p2p") }
            return .p2p(peer)
        case Code.p2pCircuit: return .p2pCircuit
        case Code.quicV1: return .quicV1
        case let code: throw .unknownProtocol(String(code))
        }
    }

    private static func varint(_ rest: inout ByteBuffer) throws(Failure) -> UInt64 {
        do {
            guard let value = try UVarint.read(&rest) else { throw Failure.truncated }
            return value
        } catch { throw .truncated }
    }

    private static func integer<T: FixedWidthInteger>(_ rest: inout ByteBuffer) throws(Failure) -> T {
        guard let value: T = rest.readInteger() else { throw .truncated }
        return value
    }

    private static func value(_ rest: inout ByteBuffer) throws(Failure) -> ByteBuffer {
        guard let length = Int(exactly: try varint(&rest)), let value = rest.readSlice(length: length) else {
            throw .truncated
        }
        return value
    }

    private static func string(_ rest: inout ByteBuffer) throws(Failure) -> String {
        let bytes = try value(&rest)
        guard let text = String(validating: bytes.readableBytesView, as: UTF8.self) else { throw .badValue("utf8") }
        return text
    }

    package var bytes: [UInt8] {
        var buffer = ByteBuffer()
        for component in components {
            switch component {
            case .ip4(let address): write(Code.ip4, &buffer) { $0.writeInteger(address) }
            case .ip6(let high, let low):
                write(Code.ip6, &buffer) {
                    $0.writeInteger(high)
                    $0.writeInteger(low)
                }
            case .tcp(let port): write(Code.tcp, &buffer) { $0.writeInteger(port) }
            case .udp(let port): write(Code.udp, &buffer) { $0.writeInteger(port) }
            case .dns(let host): write(Code.dns, host.utf8, &buffer)
            case .dns4(let host): write(Code.dns4, host.utf8, &buffer)
            case .dns6(let host): write(Code.dns6, host.utf8, &buffer)
            case .p2p(let peer): write(Code.p2p, peer.bytes, &buffer)
            case .p2pCircuit: write(Code.p2pCircuit, &buffer) { _ in }
            case .quicV1: write(Code.quicV1, &buffer) { _ in }
            }
        }
        return Array(buffer.readableBytesView)
    }

    private func write(_ code: UInt64, _ buffer: inout ByteBuffer, _ value: (inout ByteBuffer) -> Void) {
        UVarint.write(code, into: &buffer)
        value(&buffer)
    }

    private func write(_ code: UInt64, _ value: some Collection<UInt8>, _ buffer: inout ByteBuffer) {
        UVarint.write(code, into: &buffer)
        UVarint.write(UInt64(value.count), into: &buffer)
        buffer.writeBytes(value)
    }
}

// MARK: Text form

extension Multiaddr: CustomStringConvertible {
    package var description: String {
        components.map { component in
            switch component {
            case .ip4(let address): "/ip4/\(Self.text(address))"
            case .ip6(let high, let low): "/ip6/\(Self.text(high, low))"
            case .tcp(let port): "/tcp/\(port)"
            case .udp(let port): "/udp/\(port)"
            case .dns(let host): "/dns/\(host)"
            case .dns4(let host): "/dns4/\(host)"
            case .dns6(let host): "/dns6/\(host)"
            case .p2p(let peer): "/p2p/\(peer)"
            case .p2pCircuit: "/p2p-circuit"
            case .quicV1: "/quic-v1"
            }
        }.joined()
    }

    static func parseIPv4(_ text: String) -> UInt32? {
        var address = in_addr()
        // C would read up to a zero byte only.
        guard !text.utf8.contains(0), inet_pton(AF_INET, text, &address) == 1 else { return nil }
        return UInt32(bigEndian: address.s_addr)
    }

    static func parseIPv6(_ text: String) -> (high: UInt64, low: UInt64)? {
        var address = [UInt8](repeating: 0, count: 16)
        guard !text.utf8.contains(0), inet_pton(AF_INET6, text, &address) == 1 else { return nil }
        var buffer = ByteBuffer(bytes: address)
        guard let high: UInt64 = buffer.readInteger(), let low: UInt64 = buffer.readInteger() else { return nil }
        return (high, low)
    }

    static func text(_ address: UInt32) -> String {
        [24, 16, 8, 0].map { String(address >> $0 & 0xff) }.joined(separator: ".")
    }

    /// RFC 5952, as inet_ntop writes it.
    static func text(_ high: UInt64, _ low: UInt64) -> String {
        var source = ByteBuffer(integer: high)
        source.writeInteger(low)
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        source.withUnsafeReadableBytes { bytes in
            _ = inet_ntop(AF_INET6, bytes.baseAddress, &text, socklen_t(text.count))
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
