import ClusterSetup
import NIOCore
import NIOPosix

/// Whether the validator client can be connected to, and how fast. Source: spec/operations.md §4.2.
package struct ValidatorTest: Sendable {
    private static let connectTimeout = Duration.seconds(1)

    private let address: TCPAddress
    private let loadDuration: Duration
    private let clock: ProbeClock

    package init(address: TCPAddress, loadDuration: Duration, clock: ProbeClock) {
        self.address = address
        self.loadDuration = loadDuration
        self.clock = clock
    }

    package func test(selection: [String]) throws(DiagnosticsError) -> CategoryTest {
        let cases = [
            TestCase("Ping") {
                _ = try await roundTrip()
                return .ok
            },
            TestCase("PingMeasure") { .measured(try await roundTrip(), .peerRoundTrip) },
            TestCase("PingLoad") {
                let load = PingLoad(duration: loadDuration, clock: clock)
                return .measured(try await load.longest { try await roundTrip() }, .peerRoundTrip)
            },
        ]
        return try CategoryTest(.validator, [.init(name: "\(address)", cases: cases)], selection: selection)
    }

    /// Of a connection, which is closed at once.
    private func roundTrip() async throws -> Duration {
        do {
            return try await clock.time {
                let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connectTimeout(TimeAmount(Self.connectTimeout))
                    .connect(host: address.host, port: address.port).get()
                channel.close(promise: nil)
            }
        } catch {
            throw CaseFailure.unexpected("\(ServiceError.Cause(transport: error, timeout: Self.connectTimeout))")
        }
    }
}
