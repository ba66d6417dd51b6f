import Foundation
import Libp2p
import Logging
import SSZ
import Secp256k1

/// A host in a process of its own, so that its memory and descriptors can be told from those of whoever floods it.
final class FloodServer {
    static let echo = "/benchmark/echo/1"
    /// Takes streams and never reads them.
    static let hold = "/benchmark/hold/1"
    static let peersMax = 24
    private static let streamsPerPeer = 1000

    let address: Multiaddr
    private let process: Process

    static func key(_ number: Int) throws -> PrivateKey { try PrivateKey(SHA256.hash([UInt8(number)]).bytes) }

    /// What the process does that `init` starts: says where it listens, then serves until it is killed.
    static func serve() async throws {
        var configuration = HostConfiguration(identity: try key(0), agentVersion: "styx-benchmarks")
        configuration.listen = [Multiaddr([.ip4(0x7f00_0001), .tcp(0)])]
        for number in 1...peersMax { configuration.peers[PeerID(try key(number).publicKey)] = [] }
        configuration.limits.handlingsMax = (peersMax + 1) * streamsPerPeer
        let host = Libp2p.Host(configuration, logger: Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() })
        host.handle(echo, timeout: nil, concurrentPerPeer: streamsPerPeer) { stream, _ in
            while let bytes = try await stream.read() { try await stream.write(bytes) }
        }
        host.handle(hold, timeout: nil, concurrentPerPeer: streamsPerPeer) { _, _ in
            try await Task.sleep(for: .seconds(3600))
        }
        try FairnessServer.serve(on: host)
        // The first sleep of a process makes one timer descriptor for good: before they are counted.
        try await Task.sleep(for: .milliseconds(1))
        for address in try await host.bind() { say("\(address.appending(.p2p(host.peer)))") }
        try await host.run()
    }

    init() throws {
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe")
        process.arguments = ["--flood-server"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        address = try Multiaddr(line.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    var memory: ProcessMemory { ProcessMemory(of: process.processIdentifier) }

    func descriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process.processIdentifier)/fd").count
    }
}
