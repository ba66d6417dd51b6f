import Cluster
import Dispatch
import Foundation
import SSZ
import Synchronization
import TestSupport
import Testing

@testable import ClusterSetup

/// `styx combine` as a whole. What it makes of keys and files: CombinationTests.
@Suite struct KeyCombinerTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private var request: KeyCombiner.Request {
        var request = KeyCombiner.Request()
        request.clusterDirectory = directory.file("cluster")
        request.outputDirectory = directory.file("whole")
        request.cost = .insecure
        request.concurrency = 2
        return request
    }

    private func combine(
        _ request: KeyCombiner.Request,
        progress: @escaping @Sendable (KeyCombiner.Step, Int, Int) -> Void = { _, _, _ in }
    ) async throws -> KeyCombiner.Outcome {
        try await WebClient.with { web in try await KeyCombiner(request, web: web).combine(progress: progress) }
    }

    @Test("what the dealer split is put together again, and both steps are watched")
    func roundTrip() async throws {
        _ = try await Samples.deal(Samples.request(validators: 2, in: directory))
        let ends = Mutex<[String]>([])
        let outcome = try await combine(request) { step, done, total in
            if done == total { ends.withLock { $0.append("\(step) \(total)") } }
        }
        #expect(outcome.warnings.isEmpty)
        #expect(outcome.summary.contains("2 whole validator keys"))
        #expect(ends.withLock { $0 } == ["opening 8", "writing 2"])
        let keys = try KeystoreDirectory.loadSequenced(directory.file("whole"), concurrency: 1)
        let lock = try LockFile.load(directory.file("cluster/node0/cluster-lock.json"))
        #expect(keys.map(\.publicKey) == lock.keys.validators.map(\.publicKey))
    }

    @Test("an output directory in use is found before anything else")
    func outputFirst() async throws {
        try directory.write("whole/keystore-0.json", [])
        let text = await message { try await combine(request) }
        #expect(text.contains("--output-dir: refusing to overwrite"), "\(text)")
        var forced = request
        forced.isReplacing = true
        let other = await message { try await combine(forced) }
        #expect(other.contains("--cluster-dir"), "\(other)")
    }

    @Test("a cluster signed by a contract needs the contract's word, or --no-verify")
    func contract() async throws {
        let definition = try Samples.definition(version: .v1_11, signed: false) { definition in
            definition.creator.address = "0x1234567890123456789012345678901234567890"
            definition.creator.configSignature = [UInt8](repeating: 7, count: 130)
        }
        var dealing = Samples.request(in: directory)
        dealing.definitionFile = try directory.write("definition.json", definition.encoded())
        let yes = "0x1626ba7e" + String(repeating: "0", count: 56)
        let deal = dealing
        try await FakeServer.with({ call in
            .json(["jsonrpc": "2.0", "id": 1, "result": call.json["method"] == "eth_call" ? .string(yes) : "Geth/v1"])
        }) { server in
            var deal = deal
            deal.executionEndpoint = server.url
            _ = try await Samples.deal(deal)

            let text = await message { try await combine(request) }
            #expect(text.contains("--execution-client-rpc-endpoint lets it be asked"), "\(text)")
            var asking = request
            asking.executionEndpoint = server.url
            let before = server.calls.count
            #expect(try await combine(asking).warnings.isEmpty)
            // Four equal locks: one question.
            #expect(server.calls.count == before + 2)
        }
        var trusting = request
        trusting.isVerifying = false
        trusting.isReplacing = true
        let warnings = try await combine(trusting).warnings
        #expect(warnings.count == 1 && warnings[0].contains("creator"), "\(warnings)")
    }

    @Test("a cancelled combination leaves nothing")
    func cancelled() async throws {
        _ = try await Samples.deal(Samples.request(validators: 2, in: directory))
        let before = directory.names
        let started = Gate()
        let cancelled = DispatchSemaphore(value: 0)
        var request = request
        request.concurrency = 1
        let task = Task { [request] in
            try await combine(request) { step, done, _ in
                guard step == .writing, done == 1 else { return }
                started.open()
                cancelled.wait()
            }
        }
        await started.wait()
        task.cancel()
        cancelled.signal()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(directory.names == before)
    }
}
