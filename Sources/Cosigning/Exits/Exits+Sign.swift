import BLS
import BeaconAPI
import Cluster
import ClusterSetup
import Ethereum
import SSZ

extension Exits {
    /// Signs exits with this operator's key shares, and leaves them for the other operators.
    ///
    /// - Parameters:
    ///   - epoch: the earliest one the exits hold in; all operators must choose the same.
    ///   - isDryRun: everything but signing and sending.
    package func sign(
        _ choice: Choice, epoch: Epoch, seat: Seat, api: ObolAPI, now: Instant, isDryRun: Bool
    ) async throws {
        let wanted = try await exits(choice, epoch)
        guard !wanted.isEmpty else {
            notes.warn("nothing to sign: no validator of the cluster is pending_queued or active_ongoing")
            return
        }
        if let wait = chain.wait(for: epoch, after: now) {
            notes.warn(
                "epoch \(epoch) begins in \(Self.days(wait)): until then no beacon node takes the exit; give"
                    + " --exit-epoch \(chain.epoch(at: now)), the current one, or one before it, the same for all"
                    + " operators")
        }
        let items = try await items(wanted, choice, seat)
        guard !items.isEmpty else {
            notes.warn("nothing to sign: there is no key share of any of these validators")
            return
        }
        let place = "\(api.place), as share \(seat.shareIndex)"
        guard !isDryRun else {
            for item in items { notes.say("would sign: \(Self.name(item.pubKey, item.exit))") }
            notes.say("would hand over \(String.count(items.count, "partial exit")) to \(place); nothing was done")
            return
        }
        let entries = try await signed(items, seat)
        guard !entries.isEmpty else {
            notes.warn("nothing to hand over: there is no key share of any of these validators")
            return
        }
        try await api.submit(PartialExits(entries, shareIndex: seat.shareIndex), seat)
        for entry in entries { notes.say("signed: \(Self.name(entry.pubKey, entry.exit.message))") }
        notes.say("handed over \(String.count(entries.count, "partial exit")) to \(place)")
    }

    /// An exit, and what signs it.
    struct Item: Sendable {
        let pubKey: PubKey
        /// Of the validator in the lock.
        let position: Int
        let share: Seat.Share
        let exit: VoluntaryExit
    }

    /// With this operator's key shares. Of all validators those without one are left out.
    func items(
        _ wanted: [(pubKey: PubKey, exit: VoluntaryExit)], _ choice: Choice, _ seat: Seat
    ) async throws -> [Item] {
        let shares = try await seat.openShares()
        var items: [Item] = []
        for (pubKey, exit) in wanted {
            let position = try cluster.requirePosition(of: pubKey, "--validator-public-key")
            guard let share = shares[position] else {
                guard case .all = choice else {
                    throw ClusterError.option(seat.sharesOption, "holds no key share of validator \(pubKey)")
                }
                notes.warn("validator \(pubKey) left out: there is no key share of it")
                continue
            }
            items.append(Item(pubKey: pubKey, position: position, share: share, exit: exit))
        }
        return items
    }

    /// Each verified under the share's public key. Those without a key share at a remote signer are left out, if they may
    /// be.
    func signed(_ items: [Item], _ seat: Seat) async throws -> [PartialExits.Entry] {
        let signatures = try await seat.sign(
            items.map { item in
                Seat.Job(
                    position: item.position, share: item.share, root: chain.signingRoot(item.exit),
                    message: chain.message(item.exit))
            })
        return zip(items, signatures).compactMap { item, signature in
            guard let signature else {
                notes.warn("validator \(item.pubKey) left out: no remote signer has its key share")
                return nil
            }
            return PartialExits.Entry(
                pubKey: item.pubKey, exit: SignedVoluntaryExit(message: item.exit, signature: signature))
        }
    }

    static func name(_ pubKey: PubKey, _ exit: VoluntaryExit) -> String {
        "exit of validator \(pubKey), index \(exit.validatorIndex), from epoch \(exit.epoch) on"
    }

    /// Rounded up.
    static func days(_ duration: Duration) -> String {
        String.count(Int((duration.components.seconds + 86_399) / 86_400), "day")
    }

    /// Ascending by index.
    private func exits(_ choice: Choice, _ epoch: Epoch) async throws -> [(PubKey, VoluntaryExit)] {
        func exit(_ index: ValidatorIndex) -> VoluntaryExit { VoluntaryExit(epoch: epoch, validatorIndex: index) }
        switch choice {
        case .both(let pubKey, let index):
            _ = try cluster.requirePosition(of: pubKey, "--validator-public-key")
            return [(pubKey, exit(index))]
        case .validator(let pubKey):
            _ = try cluster.requirePosition(of: pubKey, "--validator-public-key")
            guard let row = try await chain.validators(.pubKeys([pubKey]))[pubKey] else { throw Self.unknown(pubKey) }
            warnUnlessLeaving(row)
            return [(pubKey, exit(row.index))]
        case .index(let index):
            guard let row = try await chain.validators(.indices([index])).values.first else {
                throw ClusterError.option("--validator-index", "\(index) is not known to the beacon node")
            }
            guard cluster.position(of: row.validator.pubKey) != nil else {
                throw ClusterError.option(
                    "--validator-index", "\(index) is \(row.validator.pubKey), no validator of this cluster")
            }
            warnUnlessLeaving(row)
            return [(row.validator.pubKey, exit(index))]
        case .all:
            return try await chain.validators(.pubKeys(cluster.pubKeys)).values
                .filter(Self.maySign).sorted { $0.index < $1.index }.map { ($0.validator.pubKey, exit($0.index)) }
        }
    }

    private static func maySign(_ row: BeaconValidator) -> Bool {
        row.status == .pendingQueued || row.status == .activeOngoing
    }

    private func warnUnlessLeaving(_ row: BeaconValidator) {
        guard !Self.maySign(row) else { return }
        notes.warn("validator \(row.validator.pubKey) is \(row.status.rawValue): an exit will have no effect")
    }
}
