import BeaconAPI
import Ethereum

/// Which sync committee seats the beacon nodes have to know: those of this period, and from two epochs before its end on
/// those of the next. Source: beacon-APIs `validator/sync_committee_subscriptions.yaml`.
///
/// What a validator client subscribes is its own business: that is not told again.
struct SyncSubscriptions: Sendable {
    /// Seats that hold for a period.
    struct Period: Hashable, Sendable {
        /// To ask in.
        var epoch: Epoch
        /// The first epoch that needs them no more.
        var end: Epoch
    }

    /// Epochs before a period in which its seats are told.
    private static let ahead: UInt64 = 2
    private static let validatorsMax = 1 << 16

    private let epochsPerPeriod: UInt64
    private var heard: [ValidatorIndex: Epoch] = [:]

    init(epochsPerPeriod: UInt64) { self.epochsPerPeriod = max(1, epochsPerPeriod) }

    func periods(at epoch: Epoch) -> [Period] {
        let current = period(of: epoch)
        let next = period(of: Epoch(epoch.rawValue + min(Self.ahead, .max - epoch.rawValue)))
        return next.end == current.end ? [current] : [current, Period(epoch: current.end, end: next.end)]
    }

    /// - Parameter rows: seats of a period.
    func due(_ rows: [SyncDuty], _ period: Period) -> [SyncCommitteeSubscription] {
        rows.compactMap { row in
            if let end = heard[row.validatorIndex], end >= period.end { return nil }
            return SyncCommitteeSubscription(row, until: period.end)
        }
    }

    /// A beacon node took what a validator client told it.
    mutating func heard(_ subscriptions: [SyncCommitteeSubscription]) {
        for subscription in subscriptions
        where heard[subscription.validatorIndex] != nil || heard.count < Self.validatorsMax {
            heard[subscription.validatorIndex] = subscription.untilEpoch
        }
    }

    /// A beacon node has forgotten.
    mutating func forget() { heard = [:] }

    private func period(of epoch: Epoch) -> Period {
        let (end, overflow) = (epoch.rawValue / epochsPerPeriod + 1).multipliedReportingOverflow(by: epochsPerPeriod)
        return Period(epoch: epoch, end: Epoch(overflow ? .max : end))
    }
}
