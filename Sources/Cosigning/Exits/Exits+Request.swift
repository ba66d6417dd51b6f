import BeaconAPI
import Cluster
import ClusterSetup
import Ethereum
import SSZ

/// Exits without a service in between: partial exits stay with the operators' nodes, which collect them from each other.
extension Exits {
    /// Signs exits with this operator's key shares and leaves them with this operator's running node. It keeps them on
    /// disk, shares them with the other nodes again and again, and publishes each exit once enough operators have done
    /// the same, be it days later.
    ///
    /// - Parameters:
    ///   - epoch: the earliest one the exits hold in; all operators must choose the same.
    ///   - isDryRun: everything but signing and handing over.
    ///   - pause: between two questions of what became of what is complete.
    package func request(
        _ choice: Choice, epoch: Epoch, seat: Seat, node: RunningNode, now: Instant, isDryRun: Bool,
        pause: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) async throws {
        if let wait = chain.wait(for: epoch, after: now) {
            throw ClusterError.option(
                "--exit-epoch",
                "\(epoch) begins in \(Self.days(wait)), and nodes take no exits of the future; give --exit-epoch"
                    + " \(chain.epoch(at: now)), the current one, or one before it, the same for all operators")
        }
        let rows = try await mature(leaving(choice, among: named(choice)), choice, at: now)
        let wanted = rows.sorted { $0.index < $1.index }.map { row in
            (pubKey: row.validator.pubKey, exit: VoluntaryExit(epoch: epoch, validatorIndex: row.index))
        }
        let items = try await items(wanted, choice, seat)
        guard !items.isEmpty else {
            notes.warn("no exit to request")
            return
        }
        try await check(items, seat, node)
        guard !isDryRun else {
            for item in items { notes.say("would sign: \(Self.name(item.pubKey, item.exit))") }
            try await tell(items, epoch, seat, node, isDryRun: true, pause)
            notes.say(
                "would leave \(String.count(items.count, "partial exit")) with the node at \(node.place), as share"
                    + " \(seat.shareIndex); \(quorum); nothing was done")
            return
        }
        try await leave(try await signed(items, seat), seat, node)
        try await tell(items, epoch, seat, node, isDryRun: false, pause)
    }

    /// What else has to happen.
    private var quorum: String {
        let (threshold, nodes) = (cluster.threshold, cluster.keys.operators.count)
        return "each exit is published once \(threshold) of the \(nodes) operators have requested it for the same"
            + " epoch"
    }

    private func named(_ choice: Choice) throws(ClusterError) -> [PubKey] {
        guard case .validator(let pubKey) = choice else { return cluster.pubKeys }
        _ = try cluster.requirePosition(of: pubKey, "--validator-public-key")
        return [pubKey]
    }

    /// Those that the chain lets go. An exit before its time would be refused when it is complete, and be lost.
    private func mature(
        _ rows: [BeaconValidator], _ choice: Choice, at now: Instant
    ) async throws -> [BeaconValidator] {
        guard !rows.isEmpty else { return [] }
        let (period, current) = (try await chain.beacon.shardCommitteePeriod(), chain.epoch(at: now))
        return try rows.filter { row in
            let first = row.validator.activationEpoch + period
            guard first > current else { return true }
            let wait = chain.wait(for: first, after: now) ?? .zero
            let reason =
                "is active since epoch \(row.validator.activationEpoch) only: the chain lets it exit from epoch \(first) on,"
                + " in \(Self.days(wait))"
            guard case .all = choice else {
                throw ClusterError.option("--validator-public-key", "\(row.validator.pubKey) \(reason)")
            }
            notes.warn("validator \(row.validator.pubKey) left out: it \(reason)")
            return false
        }
    }

    /// The node has to be this operator's, of this cluster, and see the same chain.
    private func check(_ items: [Item], _ seat: Seat, _ node: RunningNode) async throws {
        let option = RunningNode.option
        let known: [PubKey: BeaconValidator]
        do throws(RunningNode.Fault) {
            known = try await node.validators(of: items.map { $0.share.publicKey.bytes })
        } catch {
            switch error {
            case .unavailable(let fault), .unknown(let fault): throw fault
            case .refused(let reason):
                throw ClusterError.option(
                    option,
                    "the node at \(node.place) does not act for share \(seat.shareIndex) of this cluster: \(reason); use"
                        + " the node, or the keys, of one and the same operator")
            }
        }
        for item in items {
            guard let row = known[item.share.publicKey.bytes] else {
                throw ClusterError.option(
                    option,
                    "the node at \(node.place) does not know validator \(item.pubKey) by share \(seat.shareIndex): is it"
                        + " a node of this cluster, with this lock?")
            }
            guard row.index == item.exit.validatorIndex else {
                throw ClusterError.option(
                    option,
                    "the node at \(node.place) has index \(row.index) for validator \(item.pubKey), but"
                        + " --beacon-node-endpoints say \(item.exit.validatorIndex): they follow different chains")
            }
        }
    }

    /// One that is refused does not keep the others back.
    private func leave(_ entries: [PartialExits.Entry], _ seat: Seat, _ node: RunningNode) async throws {
        var failures = 0
        for entry in entries {
            let name = Self.name(entry.pubKey, entry.exit.message)
            do throws(RunningNode.Fault) {
                try await node.submit(entry.exit)
                notes.say("left with the node: \(name)")
            } catch {
                switch error {
                case .unavailable(let fault), .unknown(let fault): throw fault
                case .refused(let reason):
                    failures += 1
                    notes.warn("not taken by the node: \(name): \(reason)")
                }
            }
        }
        guard failures == 0 else {
            throw ClusterError.field(
                "exits", "\(failures) of \(entries.count) were not taken by the node at \(node.place); see above")
        }
        notes.say("\(quorum); the nodes do not give it back")
    }
}
