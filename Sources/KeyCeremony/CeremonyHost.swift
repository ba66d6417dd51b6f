import DKG
import Ethereum
import Libp2p
import Logging
import NIOCore
import NIOPosix
import Node
import Program
import SSZ
import Secp256k1

/// The peer-to-peer host that a ceremony runs on, with its relays and timers.
struct CeremonyHost: Sendable {
    let relayEntries: [String]
    /// Only what is about peer-to-peer is used.
    let node: NodeConfiguration
    /// How long others who may need it are served after the end.
    let shutdownDelay: Duration
    let hooks: KeyGeneration.Hooks
    let logger: Logger

    /// From the first connection to the last goodbye.
    ///
    /// - Parameters:
    ///   - write: puts the files where they belong.
    ///   - holding: what else goes on meanwhile.
    func hold(
        _ plan: CeremonyPlan, _ file: sending StateFile,
        write: @escaping @Sendable (CeremonyOutcome, _ continuing: Bool) async throws -> Void,
        holding: @escaping @Sendable () async -> Void = {}
    ) async throws -> CeremonyDriver.Outcome {
        let host = Libp2p.Host(try hostConfiguration(plan), logger: topic("p2p"))
        let network = CeremonyNetwork(plan, on: host, logger: logger)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let driver = CeremonyDriver(
            plan, file, on: group.next(),
            send: { try await network.send($2, $1, to: $0) },
            write: write, show: hooks.changed,
            warn: { logger.warning("the key ceremony goes on, but", metadata: ["reason": "\($0)"]) },
            announce: network.announce)
        network.serve(driver)
        let relays = RelayWatch(
            entries: relayEntries,
            headers: [
                ("Charon-Cluster", String(plan.session.hex.dropFirst(2))), ("Cluster-Uuid", plan.definition.uuid),
                ("User-Agent", BuildInfo.userAgent),
            ], logger: topic("relay")
        ) { await host.setRelays($0) }
        do {
            do { _ = try await host.bind() } catch let error as ListenError {
                throw ConfigurationError(flag: "p2p-tcp-address", address: error.address, cannotListen: error.cause)
            }
            let outcome = try await withThrowingTaskGroup(of: CeremonyDriver.Outcome?.self) { tasks in
                let parts: [@Sendable () async throws -> Void] = [
                    { try await host.run() }, { try await relays.run() }, { await watch(host, relays, plan) },
                    { await network.runSync(driver) }, holding,
                ]
                for part in parts {
                    tasks.addTask {
                        // Cancelled, it leaves the last word to the ceremony.
                        do { try await part() } catch { if !Task.isCancelled { throw error } }
                        return nil
                    }
                }
                tasks.addTask {
                    let outcome = try await driver.run()
                    if outcome.warning == nil {
                        await network.waitForHangingUp(atMost: shutdownDelay)
                    } else {
                        // For those who have not said goodbye: they may come back.
                        try? await Task.sleep(for: shutdownDelay)
                    }
                    return outcome
                }
                defer { tasks.cancelAll() }
                while let next = try await tasks.next() {
                    if let next { return next }
                }
                throw CancellationError()
            }
            try? await group.shutdownGracefully()
            return outcome
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private func topic(_ label: String) -> Logger {
        var other = Logger(label: label)
        other.logLevel = logger.logLevel
        return other
    }

    private func hostConfiguration(_ plan: CeremonyPlan) throws -> HostConfiguration {
        var host = HostConfiguration(identity: plan.identity, agentVersion: BuildInfo.userAgent)
        host.listen = try node.listenAddresses()
        host.announced = try node.announcedAddresses()
        host.reusesPort = node.isReusingPort
        for index in plan.others { host.peers[PeerID(plan.operators[index])] = [] }
        for text in node.p2pPeers {
            guard let address = try? Multiaddr(text), let peer = address.peer, let transport = address.transport,
                host.peers[peer] != nil
            else {
                throw ConfigurationError(
                    flag: "p2p-peers", what: "has \(text)",
                    cure: "write addresses of this ceremony's operators, e.g. /ip4/10.0.0.7/tcp/3610/p2p/16Uiu2HA…")
            }
            host.peers[peer, default: []].append(transport)
        }
        if host.listen.isEmpty, host.peers.values.allSatisfy(\.isEmpty), relayEntries.isEmpty {
            throw ConfigurationError(
                flag: "p2p-relays", what: "is empty, and nobody can be reached in another way",
                cure: "name a relay that all operators use")
        }
        // Several large messages of a peer at once, and no more.
        host.limits.messageBytesPerPeerMax = max(
            host.limits.messageBytesPerPeerMax, 4 * CeremonyNetwork.messageBytesMax(plan))
        // Operators wait for each other: nobody should wait for a pause.
        host.timing.redialBase = .milliseconds(250)
        host.timing.redialMax = .seconds(5)
        host.timing.circuitRetryMax = .seconds(3)
        return host
    }

    private func watch(_ host: Libp2p.Host, _ relays: RelayWatch, _ plan: CeremonyPlan) async {
        let logger = topic("p2p")
        let peers = plan.operators.map { PeerID($0) }
        for await event in host.events {
            switch event {
            case .relayReplaced(let relay): relays.relayReplaced(relay)
            case .reservation(let relay, .granted): relays.relayFound(relay)
            case .reservation(let relay, .failed(let reason)):
                logger.warning(
                    "a relay does not let other operators reach this node; it is asked again",
                    metadata: ["relay": "\(relay)", "reason": "\(reason)"])
            case .dialFailed(let peer, let reason):
                let index = peers.firstIndex(of: peer).map { "\($0)" } ?? "\(peer)"
                logger.debug("dial peer", metadata: ["peer": "\(index)", "reason": "\(reason)"])
            default: continue
            }
        }
    }
}
