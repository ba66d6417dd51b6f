import HTTPServing
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization
import TestSupport

/// A server on a loopback socket that takes pushes, or does not.
final class FakeLoki: Sendable {
    struct Push: Sendable {
        let method: String
        let target: String
        let contentType: String?
        let authorization: String?
        let body: [UInt8]

        /// Labels and lines, read by hand.
        func stream() throws -> (labels: String, lines: [String]) {
            var lines: [String] = []
            var labels = ""
            let request = try Fields(try SnappyReader.decompress(body)[...])
            for (number, value) in try Fields(request.all[0].value).all {
                if number == 1 { labels = String(decoding: value, as: UTF8.self) }
                guard number == 2 else { continue }
                for (number, value) in try Fields(value).all where number == 2 {
                    lines.append(String(decoding: value, as: UTF8.self))
                }
            }
            return (labels, lines)
        }
    }

    /// Length-delimited fields of a protobuf message.
    private struct Fields {
        let all: [(number: Int, value: ArraySlice<UInt8>)]

        init(_ bytes: ArraySlice<UInt8>) throws {
            var rest = bytes
            func varint() throws -> Int {
                var (value, shift) = (0, 0)
                while let byte = rest.popFirst() {
                    value |= Int(byte & 0x7f) << shift
                    if byte < 0x80 { return value }
                    shift += 7
                }
                throw SnappyReader.Failure.truncated
            }
            var all: [(Int, ArraySlice<UInt8>)] = []
            while !rest.isEmpty {
                let key = try varint()
                guard key & 7 == 2 else { throw SnappyReader.Failure.length }
                let length = try varint()
                guard length <= rest.count else { throw SnappyReader.Failure.truncated }
                all.append((key >> 3, rest.prefix(length)))
                rest = rest.dropFirst(length)
            }
            self.all = all
        }
    }

    private let seen = Mutex<[Push]>([])
    private let boundPort = Mutex(0)
    private let status: @Sendable (Int) -> Int
    private let listening = Gate()
    /// The first push has come.
    let pushed = Gate()

    /// - Parameter status: the answer to the n-th push, from 0.
    private init(_ status: @escaping @Sendable (Int) -> Int) { self.status = status }

    var pushes: [Push] { seen.withLock { $0 } }
    var url: String { "http://user:password@127.0.0.1:\(boundPort.withLock { $0 })/loki/api/v1/push?x=1" }

    static func with(
        _ status: @escaping @Sendable (Int) -> Int = { _ in 204 }, _ body: (FakeLoki) async throws -> Void
    ) async throws {
        let loki = FakeLoki(status)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await loki.application().serve {} }
            await loki.listening.wait()
            defer { group.cancelAll() }
            try await body(loki)
        }
    }

    private func application() -> some ApplicationProtocol {
        let responder = CallbackResponder<BasicRequestContext> { request, _ in
            let body = try await request.body.collect(upTo: 8 << 20)
            let push = Push(
                method: request.method.rawValue, target: request.head.path ?? "",
                contentType: request.headers[.contentType], authorization: request.headers[.authorization],
                body: Array(body.readableBytesView))
            let number = self.seen.withLock { seen in
                seen.append(push)
                return seen.count - 1
            }
            self.pushed.open()
            let status = self.status(number)
            return Response(
                status: .init(code: status),
                body: .init(byteBuffer: ByteBuffer(string: status == 204 ? "" : "no, user with password")))
        }
        var logger = Logger(label: "fake loki")
        logger.logLevel = .critical
        return Application(
            responder: responder, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                self.boundPort.withLock { $0 = channel.localAddress?.port ?? 0 }
                self.listening.open()
            }, logger: logger)
    }
}
