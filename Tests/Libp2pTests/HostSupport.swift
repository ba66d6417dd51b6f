import Logging
import NIOCore
import Testing

@testable import Libp2p

/// Quick pauses, so that tests wait for events and not for time.
func quickTiming() -> HostConfiguration.Timing {
    var timing = HostConfiguration.Timing()
    timing.redialBase = .milliseconds(20)
    timing.redialMax = .milliseconds(100)
    timing.pingInterval = .milliseconds(50)
    timing.sweepInterval = .milliseconds(50)
    // A loaded machine is no fault of a peer.
    timing.identifyTimeout = .seconds(50)
    timing.pingTimeout = .seconds(50)
    return timing
}

func makeHost(
    _ number: UInt8, port: UInt16 = 0, listens: Bool = true, peers: [PeerID: [Multiaddr]] = [:],
    change: (inout HostConfiguration) -> Void = { _ in }
) -> Host {
    var configuration = HostConfiguration(identity: key(number), agentVersion: "test/\(number)")
    if listens { configuration.listen = [Multiaddr([.ip4(0x7f00_0001), .tcp(port)])] }
    configuration.peers = peers
    configuration.timing = quickTiming()
    change(&configuration)
    return Host(configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
}

/// Runs hosts while `body` runs.
func withHosts<R: Sendable>(_ hosts: Host..., body: () async throws -> R) async throws -> R {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for host in hosts {
            _ = try await host.bind()
            group.addTask { try await host.run() }
        }
        defer { group.cancelAll() }
        return try await body()
    }
}

/// Two hosts that know each other; the first dials.
func withPair<R: Sendable>(
    configureServer: (Host) -> Void = { _ in }, change: (inout HostConfiguration) -> Void = { _ in },
    body: (Host, Host) async throws -> R
) async throws -> R {
    let client = makeHost(1, peers: [peer(2): []], change: change)
    let server = makeHost(2, peers: [peer(1): []], change: change)
    configureServer(server)
    return try await withHosts(client, server) {
        await client.add(server.peer, addresses: try await server.bind())
        _ = try await client.connection(to: server.peer, within: .seconds(10))
        return try await body(client, server)
    }
}

extension Host {
    /// The first event that `pick` accepts. Only one of these at a time.
    func first<R: Sendable>(_ pick: (HostEvent) -> R?) async throws -> R {
        for await event in events {
            if let result = pick(event) { return result }
        }
        throw CancellationError()
    }
}
