import Synchronization
import Testing

@testable import Diagnostics

@Suite struct PingLoadTests {
    private struct Broken: Error, CustomStringConvertible { let description = "broken" }

    @Test("the longest round trip counts, whichever pinger had it")
    func longest() async throws {
        let count = Mutex(0)
        // Each of the twenty pingers has at least one ping.
        let load = PingLoad(duration: .seconds(20), clock: TestClock().clock)
        let longest = try await load.longest {
            let number = count.withLock { count in
                count += 1
                return count
            }
            return .milliseconds(number == 7 ? 99 : number % 5 + 1)
        }
        #expect(count.withLock { $0 } >= 7)
        #expect(longest == .milliseconds(99))
    }

    @Test("one more pinger each second, and pauses of 0 to 99 ms between pings")
    func pace() async throws {
        let clock = TestClock()
        let asked = Mutex<Set<Int>>([])
        var load = PingLoad(duration: .milliseconds(2500), clock: clock.clock)
        load.pause = { max in
            asked.withLock { _ = $0.insert(max) }
            return 40
        }
        _ = try await load.longest { .milliseconds(1) }
        let spawning = clock.slept.filter { $0 != .milliseconds(40) }
        #expect(!spawning.isEmpty && spawning.count <= 3 && spawning.allSatisfy { $0 <= .seconds(1) })
        #expect(asked.withLock { $0 } == [99])
    }

    @Test("pings that fail are counted, and told with the first reason")
    func failures() async throws {
        let count = Mutex(0)
        let load = PingLoad(duration: .seconds(1), clock: TestClock().clock)
        let error = await #expect(throws: CaseFailure.self) {
            try await load.longest {
                let isFirst = count.withLock { count in
                    count += 1
                    return count == 1
                }
                if isFirst { throw Broken() }
                return .milliseconds(1)
            }
        }
        guard case .pings(failed: 1, of: let all, first: "broken")? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(all == count.withLock { $0 })
    }

    @Test("no time at all is no measurement")
    func nothing() async throws {
        let longest = try await PingLoad(duration: .zero, clock: TestClock().clock).longest { .milliseconds(1) }
        #expect(longest == .zero)
        #expect(Finding.measured(longest, .peerRoundTrip).verdict == .poor)
    }
}
