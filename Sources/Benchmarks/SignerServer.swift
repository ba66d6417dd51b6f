import BLS
import Foundation
import HTTPServing
import Hummingbird
import Logging
import NIOCore
import SSZ
import Synchronization
import Timing

/// A remote signer in a process of its own, that truly signs, so that its work is not counted as ours.
final class SignerServer {
    static let keysMax = 1000

    /// `http://127.0.0.1:…`
    let url: String
    private let process: Process
    private let output = Pipe()

    /// The key share of a validator, the same in both processes.
    static func key(_ number: Int) -> SecretKey {
        var generator = SplitMix64(seed: UInt64(number))
        return SecretKey.random(using: &generator)
    }

    private struct Context: RequestContext {
        var coreContext: CoreRequestContextStorage
        let channel: any Channel

        init(source: ApplicationRequestContextSource) {
            coreContext = CoreRequestContextStorage(source: source)
            channel = source.channel
        }
    }

    /// What the process does that `init` starts: says where it listens, then of each connection that a request for a
    /// signature came, until it is killed.
    static func serve() async throws {
        let keys = Dictionary(uniqueKeysWithValues: (0..<keysMax).map { ("\(key($0).publicKey.bytes)", key($0)) })
        let connections = Mutex<Set<ObjectIdentifier>>([])
        let responder = CallbackResponder<Context> { request, context in
            let path = request.head.path ?? ""
            if path.hasSuffix("/publicKeys") {
                return answer(JSONValue.array(keys.keys.map { .string($0) }).text())
            }
            if connections.withLock({ $0.insert(ObjectIdentifier(context.channel)).inserted }) { say("connection") }
            let body = try JSONValue(parsing: try await request.body.collect(upTo: 1 << 20).readableBytesView)
            guard let key = path.split(separator: "/").last.flatMap({ keys[String($0)] }),
                let root = try body["signingRoot"]?.string.map({ try Bytes32(hex: $0) })
            else { return Response(status: .notFound) }
            return answer("{\"signature\":\"\(key.sign(root).bytes.hex)\"}")
        }
        var logger = Logger(label: "signer")
        logger.logLevel = .critical
        try await Application(
            responder: responder, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { say("http://127.0.0.1:\($0.localAddress?.port ?? 0)") }, logger: logger
        ).serve()
    }

    private static func answer(_ text: String) -> Response {
        Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    init() throws {
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe")
        process.arguments = ["--signer-server"]
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        url = line.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// - Returns: how many connections have carried a request for a signature.
    func stop() -> Int {
        process.terminate()
        process.waitUntilExit()
        return output.fileHandleForReading.readDataToEndOfFile().count { $0 == UInt8(ascii: "\n") }
    }
}
