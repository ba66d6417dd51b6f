import BeaconAPI
import BeaconClient
import Cluster
import DutyWorkflow
import Ethereum
import Libp2p
import Logging
import Monitoring
import PeerProtocols
import Program
import RemoteSigner
import SSZ
import Synchronization
import ValidatorAPI

/// The peer side of a node, and what it tells its operator.
extension StyxNode {
    func topic(_ label: String) -> Logger { Self.topic(label, of: logger) }

    static func topic(_ label: String, of logger: Logger) -> Logger {
        var other = Logger(label: label)
        other.logLevel = logger.logLevel
        return other
    }

    func logStart() {
        warnUnverified(cluster.warnings)
        logger.info(
            "Lock file loaded",
            metadata: [
                "cluster_name": "\(cluster.lock.definition.name)",
                "cluster_hash": "\(cluster.lock.lockHash.hex.dropFirst(2).prefix(7))",
                "peer_index": "\(cluster.own)", "peer_id": "\(cluster.directory[cluster.own])",
                "peers": "\(cluster.operators.count)", "threshold": "\(cluster.threshold)",
                "validators": "\(cluster.lock.validators.count)", "nickname": "\(configuration.nickname)",
                "version": "\(BuildInfo.version)",
            ])
    }

    func warnUnverified(_ warnings: [String]) {
        for warning in warnings {
            logger.warning(
                "lock verification failed, going on because of --no-verify", metadata: ["error": "\(warning)"])
        }
    }

    func hostConfiguration(_ book: AddressBook) throws -> HostConfiguration {
        var host = HostConfiguration(identity: cluster.identity, agentVersion: BuildInfo.userAgent)
        host.listen = try configuration.listenAddresses()
        host.announced = try configuration.announcedAddresses()
        host.reusesPort = configuration.isReusingPort
        let explicit = try explicitPeers()
        for peer in cluster.directory.others.map({ cluster.directory[$0] }) {
            var seen: Set<Multiaddr> = []
            host.peers[peer] = explicit[peer, default: []].filter { seen.insert($0).inserted }
            host.remembered[peer] = book[peer]
        }
        let knowsNobody = host.peers.values.allSatisfy(\.isEmpty) && host.remembered.values.allSatisfy(\.isEmpty)
        if knowsNobody, host.listen.isEmpty, RelayList(configuration.p2pRelays).sources.isEmpty {
            topic("p2p").warning(
                "no address of any other operator is known and nobody can connect: give --p2p-relays, --p2p-peers or --p2p-tcp-address"
            )
        }
        if !configuration.p2pUDPAddresses.isEmpty {
            topic("p2p").warning(
                "QUIC is not offered: --p2p-udp-address is ignored; peers, Charon nodes too, connect over TCP")
        }
        return host
    }

    /// Addresses given on the command line, by peer.
    private func explicitPeers() throws -> [PeerID: [Multiaddr]] {
        var peers: [PeerID: [Multiaddr]] = [:]
        for text in configuration.p2pPeers {
            guard let address = try? Multiaddr(text), case .p2p(let peer)? = address.components.last else {
                throw ConfigurationError(
                    flag: "p2p-peers", what: "has \(text)", cure: "write e.g. /ip4/10.0.0.7/tcp/3610/p2p/16Uiu2HA…")
            }
            guard cluster.directory.index(of: peer) != nil else {
                throw ConfigurationError(
                    flag: "p2p-peers", what: "names \(peer), which is no operator of this cluster",
                    cure: "compare with the operators in \(configuration.lockFile)")
            }
            peers[peer, default: []].append(Multiaddr(address.components.dropLast()))
        }
        return peers
    }

    func serveDuties(
        on host: Host, _ slot: RuntimeSlot, _ observe: @escaping @Sendable (PeerEvent) -> Void
    ) -> (ConsensusProtocol, ParSigExProtocol) {
        let admits = slot.gate
        // Before there is a chain the gate admits nothing.
        let preset: @Sendable () -> Preset = { slot.current?.chain.spec.preset ?? .mainnet }
        let worker: @Sendable (@escaping @Sendable () -> Void) -> Void = { [threads] in threads.submit(.ahead, $0) }
        let sender = PeerSender(host: host, directory: cluster.directory, observe: observe)
        let consensus = ConsensusProtocol(
            codec: ConsensusCodec(operators: cluster.operators, validators: cluster.keys.pubKeys.count, preset: preset),
            directory: cluster.directory, sender: sender, worker: worker, admits: admits,
            deliver: { message, _ in slot.current?.driver.post(.consensusMessage(message)) }, observe: observe,
            record: { [recorder] in recorder?.note($0) })
        let parSigEx = ParSigExProtocol(
            codec: ParSigExCodec(validators: Set(cluster.keys.pubKeys), nodes: cluster.operators.count, preset: preset),
            directory: cluster.directory, sender: sender, worker: worker, admits: admits,
            deliver: { [work = monitoring.metrics.work, live] duty, set, peer in
                guard let runtime = slot.current else { return }
                // Not what it shows us of our own.
                if set.values.first?.shareIndex == ShareIndex(peer) {
                    live?.signed(duty, set, by: peer)
                    work.arrived(duty, set, from: peer, runtime.chain.clock, at: SystemClock.now())
                }
                guard let tracing = runtime.tracing else { return runtime.driver.post(.peerPartials(duty, set)) }
                tracing.handle(duty, from: peer) { runtime.driver.post(.peerPartials(duty, set)) }
            }, observe: observe)
        consensus.serve(on: host)
        parSigEx.serve(on: host)
        return (consensus, parSigEx)
    }

    func servePeerInfo(on host: Host, _ observe: @escaping @Sendable (PeerEvent) -> Void) -> PeerInfoProtocol {
        let logger = topic("peerinfo")
        let peerInfo = PeerInfoProtocol(
            own: ownInfo, host: host, directory: cluster.directory, now: SystemClock.now,
            warn: { [peerFaults, doctor] peer, warning in
                if case .ownTwin(let startedAt) = warning {
                    guard case .tell(let suppressed) = peerFaults.note("own twin", of: peer) else { return }
                    return logger.critical(
                        """
                        an operator says that another process runs with this node's identity. If so, stop one of the two: \
                        operators reach only one of them, and validators of both may be slashed until then
                        """,
                        metadata: [
                            "told_by": "\(peer)", "other_started_at": "\(RFC3339.seconds(startedAt))",
                            "alike_since_last": "\(suppressed)",
                        ])
                }
                guard case .runsTwice(let twins) = warning else {
                    return logger.warning("\(warning)", metadata: ["peer": "\(peer)"])
                }
                doctor.noteTwin(of: peer, at: SystemClock.now())
                guard case .tell(let suppressed) = peerFaults.note("runs twice", of: peer) else { return }
                logger.critical(
                    "an operator's identity runs in two processes: one must stop, and both may be slashed until then",
                    metadata: [
                        "peer": "\(peer)", "one": "\(Self.describe(twins.one))",
                        "other": "\(Self.describe(twins.other))", "alike_since_last": "\(suppressed)",
                    ])
            }, observe: observe)
        peerInfo.serve(on: host)
        return peerInfo
    }

    private static func describe(_ process: TwinWatch.Process) -> String {
        "started at \(RFC3339.seconds(process.startedAt)), seen at \(process.address?.description ?? "an unknown address")"
    }

    /// Who is there now, and what operators call themselves.
    func clusterView(_ host: Host, _ peerInfo: PeerInfoProtocol) -> ClusterView {
        ClusterView(
            own: cluster.own, nodes: cluster.operators.count, threshold: cluster.threshold,
            connected: Set(cluster.directory.others.filter { host.isConnected(cluster.directory[$0]) }),
            names: peerInfo.snapshot.mapValues(\.nickname))
    }

    /// Looks the relays up and keeps them up to date.
    func relayWatch(_ host: Host) -> RelayWatch {
        let lock = cluster.lock
        return RelayWatch(
            entries: configuration.p2pRelays,
            headers: [
                ("Charon-Cluster", String(lock.lockHash.hex.dropFirst(2).prefix(7))),
                ("Cluster-Uuid", lock.definition.uuid), ("User-Agent", BuildInfo.userAgent),
            ], logger: topic("relay")
        ) { await host.setRelays($0) }
    }

    /// Logs connections as they come and go, asks new peers who they are, and has them told what they missed.
    func watchPeers(
        _ host: Host, _ peerInfo: PeerInfoProtocol, _ relays: RelayWatch, _ runtime: RuntimeSlot
    ) async {
        let logger = topic("p2p")
        let news = PeerNews(logger)
        var connected: Set<PeerIndex> = []
        await withDiscardingTaskGroup { group in
            for await event in host.events {
                monitoring.metrics.peers.receive(event)
                switch event {
                case .connected(let peer, let direction, let address):
                    guard let index = cluster.directory.index(of: peer) else { continue }
                    if connected.insert(index).inserted {
                        news.tell(
                            .info, "peer connected", of: index,
                            [
                                "direction": "\(direction.rawValue)",
                                "address": "\(address?.description ?? "-")",
                            ])
                        group.addTask { await peerInfo.ask(index) }
                        runtime.current?.driver.post(.peerConnected(index))
                    }
                case .disconnected(let peer, let reason, let isLast):
                    guard isLast, let index = cluster.directory.index(of: peer) else { continue }
                    connected.remove(index)
                    news.tell(.warning, "peer disconnected", of: index, ["reason": "\(reason)"])
                case .dialFailed(let peer, let reason):
                    let index = cluster.directory.index(of: peer).map { "\($0)" } ?? "\(peer)"
                    logger.debug("dial peer", metadata: ["peer": "\(index)", "reason": "\(reason)"])
                case .pathChanged(let peer, let path?):
                    guard let index = cluster.directory.index(of: peer) else { continue }
                    news.tell(.info, "peer is reached", of: index, ["path": "\(path)"])
                case .relayReplaced(let relay): relays.relayReplaced(relay)
                case .reservation(let relay, .granted):
                    relays.relayFound(relay)
                    logger.info("other operators can reach this node through a relay", metadata: ["relay": "\(relay)"])
                case .reservation(let relay, .failed(let reason)):
                    logger.warning(
                        "a relay does not let other operators reach this node; it is asked again",
                        metadata: ["relay": "\(relay)", "reason": "\(reason)"])
                case .reservation(let relay, .lost):
                    logger.warning(
                        "a relay is gone: other operators cannot reach this node through it until it is back",
                        metadata: ["relay": "\(relay)"])
                case .identified, .pinged, .pingFailed, .upgraded, .pathChanged(_, nil): continue
                }
                hooks.peers(connected.count)
            }
        }
    }

    /// - Returns: the addresses with their real ports.
    /// - Throws: `ConfigurationError` for an address that cannot be listened on.
    func bind(_ host: Host) async throws -> [Multiaddr] {
        do { return try await host.bind() } catch let error as ListenError {
            throw ConfigurationError(flag: "p2p-tcp-address", address: error.address, cannotListen: error.cause)
        }
    }

    /// The debug pages. Ends only by cancellation or because it cannot listen.
    func serveDebugging(
        _ host: Host, _ peerInfo: PeerInfoProtocol, _ beacon: BeaconClient, _ api: ValidatorAPIServer,
        _ signers: SignerClient?
    ) async throws {
        let address = try SocketAddressText(configuration.debugAddress, flag: "debug-address")
        let (directory, faults) = (cluster.directory, peerFaults)
        var pages = doctorPages
        pages["/debug/peers"] = {
            let view = PeerView(
                directory: directory, statuses: await host.status(), reports: peerInfo.snapshot,
                relays: await host.relayStatus(), faults: host.faults(), refusals: faults.counts,
                listening: await host.advertised)
            return Page(json: view.json.text(indent: "  ") + "\n")
        }
        addLivePages(to: &pages, host, peerInfo, beacon, api, signers)
        let server = MonitoringServer(host: address.host, port: address.port, pages: pages, logger: topic("debug"))
        do { try await server.run { hooks.debug($0) } } catch let error where !(error is CancellationError) {
            throw ConfigurationError(
                flag: "debug-address", address: configuration.debugAddress, cannotListen: error, orNone: true)
        }
    }

    func peerObserver() -> @Sendable (PeerEvent) -> Void {
        let logger = topic("p2p")
        let (faults, news, metrics) = (peerFaults, PeerNews(logger), monitoring.metrics.peers)
        return { event in
            metrics.receive(event)
            switch event {
            case .sendFailed(let peer, let topic, let reason, let isNews):
                var facts: Logger.Metadata = ["message": "\(topic)", "error": "\(reason)"]
                // A peer that takes messages now and then makes news as often as it likes.
                if isNews { return news.tell(.warning, "send message", of: peer, facts) }
                facts["peer"] = "\(peer)"
                logger.debug("send message", metadata: facts)
            case .sendRecovered(let peer): news.tell(.info, "peer takes messages again", of: peer)
            case .sendDropped(let peer, let topic):
                guard case .tell(let suppressed) = faults.note("dropped \(topic)", of: peer) else { return }
                logger.warning(
                    "too many messages wait for a peer",
                    metadata: ["peer": "\(peer)", "message": "\(topic)", "alike_since_last": "\(suppressed)"])
            case .refused(let peer, let protocolID, let fault):
                // Duties that only Charon nodes carry are no fault; and a peer must not fill our logs.
                guard !fault.isHarmless else {
                    logger.debug("refused a message", metadata: ["protocol": "\(protocolID)", "error": "\(fault)"])
                    return
                }
                var metadata: Logger.Metadata = [
                    "peer": "\(peer.map { "\($0)" } ?? "unknown")", "protocol": "\(protocolID)", "error": "\(fault)",
                ]
                switch faults.note("\(protocolID) \(fault.label)", of: peer) {
                case .tell(let suppressed):
                    if suppressed > 0 { metadata["alike_since_last"] = "\(suppressed)" }
                    logger.warning("refused a message", metadata: metadata)
                case .keepQuiet: logger.debug("refused a message", metadata: metadata)
                }
            case .unsendable(let topic, let fault):
                logger.error("encode message", metadata: ["message": "\(topic)", "error": "\(fault)"])
            case .foreignShare(let share, let peer):
                guard case .tell(let suppressed) = faults.note("foreign share", of: peer) else { return }
                logger.warning(
                    "peer sent another operator's share",
                    metadata: [
                        "peer": "\(peer)", "share_index": "\(share)", "alike_since_last": "\(suppressed)",
                    ])
            case .sent, .delivered: break
            }
        }
    }

    func beaconConfiguration(_ reconnections: Reconnections) throws -> BeaconClientConfiguration {
        var beacon = try configuration.beaconClient()
        beacon.observe = { [metrics = monitoring.metrics.beacon] in metrics.receive($0) }
        beacon.reconnected = { reconnections.note($0) }
        return beacon
    }
}
