import Ethereum
import SSZ

/// What peers are sent again: a share goes out once, and whoever was away or starting has missed it.
extension ParSigDB {
    /// Our shares of duties without a deadline that wait for others' are shared again, once an epoch: operators hand in
    /// an exit on different days, and a peer may have been away, or have forgotten.
    mutating func remind(in epoch: Epoch) -> [(duty: Duty, set: ParSignedDataSet)] {
        guard remindedIn != epoch else { return [] }
        remindedIn = epoch
        return openEndless()
    }

    /// Our shares that a peer may still have use for: of duties of this slot and later ones, the next one first; then
    /// those of earlier slots that the chain still takes and that no quorum has signed here, for after a crash of
    /// several nodes each may hold nothing but its own; then what waits for others without a deadline.
    func open(from slot: Slot) -> [(duty: Duty, set: ParSignedDataSet)] {
        let timed = entries.keys.filter { $0.type.rules.span != .endless }.sorted()
        let late = timed.filter { $0.slot < slot && $0.type.rules.isBroadcast }
        return timed.filter { $0.slot >= slot }.compactMap { duty in own(duty) { _ in true }.map { (duty, $0) } }
            + waiting(late) + openEndless() + completeRegistrations()
    }

    /// What we hold under another operator's index, of this slot, the one before and later ones: if that operator's key
    /// runs in two processes, this is how one learns of the other. Only what proves it (`DutyRules.provesTwin`), and no
    /// blocks, which are large.
    func shares(of share: ShareIndex, from slot: Slot) -> [(duty: Duty, set: ParSignedDataSet)] {
        entries.keys.filter { $0.type.rules.provesTwin && $0.slot + 1 >= slot }.sorted()
            .compactMap { duty in shares(of: share, duty, where: Self.isSmall).map { (duty, $0) } }
    }

    private static func isSmall(_ entry: Entry) -> Bool { !entry.groups.values.contains { $0.data.isLarge } }

    /// A peer that was away when they were completed has no other way to them: what was complete is not said again.
    private func completeRegistrations() -> [(duty: Duty, set: ParSignedDataSet)] {
        entries.keys.filter { $0.type == .builderRegistration }.sorted().compactMap { duty in
            own(duty) { !$0.fired.isEmpty }.map { (duty, $0) }
        }
    }

    private func openEndless() -> [(duty: Duty, set: ParSignedDataSet)] {
        waiting(entries.keys.filter { $0.type.rules.span == .endless && $0.type.rules.isBroadcast }.sorted())
    }

    /// Our shares that no quorum has joined here.
    private func waiting(_ duties: [Duty]) -> [(duty: Duty, set: ParSignedDataSet)] {
        duties.compactMap { duty in own(duty) { $0.fired.isEmpty }.map { (duty, $0) } }
    }

    private func own(_ duty: Duty, where isWanted: (Entry) -> Bool) -> ParSignedDataSet? {
        shares(of: configuration.shareIndex, duty, where: isWanted)
    }

    /// - Returns: nil without any.
    private func shares(
        of share: ShareIndex, _ duty: Duty, where isWanted: (Entry) -> Bool
    ) -> ParSignedDataSet? {
        var set: ParSignedDataSet = [:]
        for (key, entry) in entries[duty] ?? [:] where isWanted(entry) {
            guard let root = entry.roots[share], let group = entry.groups[root],
                let signature = group.signatures[share]
            else { continue }
            set[key] = ParSignedData(data: group.data.with(signature: signature), shareIndex: share)
        }
        return set.isEmpty ? nil : set
    }
}
