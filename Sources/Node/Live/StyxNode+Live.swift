import BeaconClient
import DutyWorkflow
import Ethereum
import Libp2p
import Monitoring
import PeerProtocols
import Program
import RemoteSigner
import SSZ
import ValidatorAPI
import Views

/// The page for people, and its source.
extension StyxNode {
    /// - Parameter pages: those that are there already.
    func addLivePages(
        to pages: inout [String: Page.Maker], _ host: Host, _ peerInfo: PeerInfoProtocol, _ beacon: BeaconClient,
        _ api: ValidatorAPIServer, _ signers: SignerClient?
    ) {
        guard let live else { return }
        let shares = Set(cluster.keys.pubKeys.compactMap { cluster.keys.ownShare($0)?.bytes })
        let hasDoctor = pages["/debug/doctor"] != nil
        // However many screens look, it is made once in a while.
        let picture = CachedPage(keptFor: .milliseconds(500)) {
            var facts = facts(await host.status(), peerInfo.snapshot, live.ownReport)
            facts.hasDoctor = hasDoctor
            facts.signer = LiveFacts.Signer(
                mode: configuration.signing.rawValue, requests: api.activity.requests,
                userAgent: api.activity.userAgent)
            if let signers { facts.remoteSigners = Self.describe(signers, shares) }
            return Page(json: live.picture(facts, beaconNodes: beacon.states()).json.text() + "\n")
        }
        pages["/debug/live"] = { await picture.page() }
        let document = Page(contentType: WebPage.contentType, headers: WebPage.headers, body: WebPage.document)
        for path in ["/", "/debug"] { pages[path] = { document } }
    }

    /// - Parameter shares: this operator's.
    private static func describe(_ signers: SignerClient, _ shares: Set<PubShare>) -> [LiveFacts.RemoteSigner] {
        let outages = signers.outages
        return signers.lists.map { list in
            var fact = LiveFacts.RemoteSigner(address: list.signer)
            fact.shares = list.keys.map { shares.intersection($0).count }
            if let outage = outages[list.signer] {
                fact.outFor = outage.since.duration(to: .now)
                fact.failure = "\(outage.failure)"
            }
            return fact
        }
    }

    /// All but beacon nodes and signers.
    private func facts(
        _ statuses: [PeerStatus], _ reports: [PeerIndex: PeerReport], _ ownReport: PeerReport
    ) -> LiveFacts {
        var facts = LiveFacts()
        facts.node.nickname = configuration.nickname
        facts.node.version = BuildInfo.version
        facts.node.startedAt = ownReport.startedAt
        facts.node.clusterName = cluster.lock.definition.name
        facts.node.clusterHash = String(cluster.lock.lockHash.hex.dropFirst(2).prefix(7))
        facts.node.network = cluster.network?.name ?? ""
        facts.node.threshold = cluster.threshold
        facts.node.quorum =
            ClusterView(
                own: cluster.own, nodes: cluster.operators.count, threshold: cluster.threshold, connected: []
            ).quorum
        facts.node.validators = cluster.lock.validators.count
        let readiness = monitoring.readiness
        facts.readiness = LiveFacts.Readiness(
            code: readiness.code, text: readiness.text, advice: readiness == .uninitialised ? nil : readiness.advice)
        facts.peers = cluster.directory.peers.indices.map { index in
            let peer = PeerIndex(index)
            let isSelf = peer == cluster.own
            return describe(
                peer, statuses.first { $0.peer == cluster.directory[peer] }, isSelf ? ownReport : reports[peer],
                isSelf: isSelf)
        }
        return facts
    }

    private func describe(
        _ peer: PeerIndex, _ status: PeerStatus?, _ report: PeerReport?, isSelf: Bool
    ) -> LiveFacts.Peer {
        var fact = LiveFacts.Peer(peer)
        fact.nickname = report?.nickname ?? ""
        fact.client = report?.client ?? ""
        fact.version = report?.version ?? ""
        guard !isSelf else { return fact }
        fact.path = status?.path.map { $0.relay == nil ? .direct : .relay }
        fact.roundTrip = status?.isConnected == true ? status?.rtt : nil
        fact.clockOffset = report.flatMap { $0.isSupported ? $0.clockOffset : nil }
        fact.isSameCluster = report.flatMap { $0.isSupported ? $0.lockHashMatches : nil }
        fact.lastFailure = status?.lastFailure.map { "\($0)" }
        return fact
    }
}
