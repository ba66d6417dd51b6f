import NIOCore
import NIOPosix
import Testing

@testable import Diagnostics

@Suite struct ValidatorTestTests {
    private static func run(
        _ address: TCPAddress, clock: TestClock, selection: [String] = []
    ) async throws -> [CaseResult] {
        let test = try ValidatorTest(address: address, loadDuration: .seconds(2), clock: clock.clock)
            .test(selection: selection)
        let result = await test.run(timeout: .seconds(3600), clock: clock.clock)
        #expect(result.targets.map(\.name) == ["\(address)"])
        return result.targets.flatMap(\.results)
    }

    /// Something that listens, for as long as `body` runs.
    private static func listening<R>(_ body: (TCPAddress) async throws -> R) async throws -> R {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let address = try TCPAddress("127.0.0.1:\(channel.localAddress?.port ?? 0)", flag: "f")
        do {
            let result = try await body(address)
            try await channel.close()
            return result
        } catch {
            try? await channel.close()
            throw error
        }
    }

    @Test("something that listens passes")
    func listens() async throws {
        try await Self.listening { address in
            let results = try await Self.run(address, clock: TestClock(tick: .milliseconds(1)))
            #expect(results.map(\.name) == ["Ping", "PingMeasure", "PingLoad"])
            #expect(results[0].verdict == .ok && results[0].finding.measurement == nil)
            #expect(results[1].verdict == .good && results[1].finding.measurement == "1ms")
            #expect(results.allSatisfy { $0.finding.error.isEmpty })
        }
    }

    @Test("the round trip decides", arguments: [(50, Verdict.good), (51, .average), (240, .average), (241, .poor)])
    func measured(milliseconds: Int, verdict: Verdict) async throws {
        try await Self.listening { address in
            let results = try await Self.run(
                address, clock: TestClock(tick: .milliseconds(milliseconds)), selection: ["PingMeasure"])
            #expect(results.map(\.verdict) == [verdict])
            #expect(results.map(\.finding.measurement) == ["\(milliseconds)ms"])
        }
    }

    @Test("nothing that listens fails, with the reason")
    func refused() async throws {
        let results = try await Self.run(TCPAddress("127.0.0.1:1", flag: "f"), clock: TestClock())
        #expect(results.map(\.verdict) == [.fail, .fail, .fail])
        #expect(results[0].finding.error.contains("Connection refused"))
        #expect(results[2].finding.error.contains("pings failed"))
    }
}
