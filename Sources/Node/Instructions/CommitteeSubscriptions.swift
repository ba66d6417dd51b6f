import BeaconAPI
import Ethereum

/// Which committees the beacon nodes have to know validators in, so that they find peers of the subnet in time and gather
/// the votes that an aggregator needs. Each is told as soon as its duty is known, and once more if the cluster's proof
/// then selects the validator. Source: beacon-APIs `validator/beacon_committee_subscriptions.yaml`.
///
/// What a validator client subscribes is its own business: that is not told again.
struct CommitteeSubscriptions: Sendable {
    private struct Seat: Hashable {
        let slot: Slot
        let validator: ValidatorIndex
        let committee: CommitteeIndex

        init(_ row: AttesterDuty) {
            slot = row.slot
            validator = row.validatorIndex
            committee = row.committeeIndex
        }

        init(_ subscription: BeaconCommitteeSubscription) {
            slot = subscription.slot
            validator = subscription.validatorIndex
            committee = subscription.committeeIndex
        }
    }

    /// What somebody told the beacon nodes of a seat.
    private enum Told {
        case whetherOrNot
        case finally
    }

    /// A validator client's rows; as many as two epochs of the largest cluster.
    private static let seatsMax = 1 << 17

    private let slotsPerEpoch: UInt64
    private var told: [Seat: Told] = [:]

    init(slotsPerEpoch: UInt64) { self.slotsPerEpoch = slotsPerEpoch }

    /// Rows of which something may be left to tell.
    mutating func open(_ rows: [AttesterDuty], at current: Slot) -> [AttesterDuty] {
        told = told.filter { $0.key.slot >= current }
        return rows.filter { $0.slot > current && told[Seat($0)] != .finally }
    }

    /// - Parameter selected: for each row whether its validator aggregates; nil where that is not known yet.
    mutating func due(_ rows: [AttesterDuty], selected: [Bool?]) -> [BeaconCommitteeSubscription] {
        var due: [BeaconCommitteeSubscription] = []
        for (row, isAggregator) in zip(rows, selected) {
            switch (told[Seat(row)], isAggregator) {
            case (nil, _), (.whetherOrNot, true):
                due.append(BeaconCommitteeSubscription(row, isAggregator: isAggregator ?? false))
            case (.whetherOrNot, false): told[Seat(row)] = .finally
            case (.whetherOrNot, nil), (.finally, _): break
            }
        }
        return due
    }

    /// A beacon node took what was due.
    mutating func tell(_ subscriptions: [BeaconCommitteeSubscription]) {
        for subscription in subscriptions {
            told[Seat(subscription)] = subscription.isAggregator ? .finally : .whetherOrNot
        }
    }

    /// A beacon node took what a validator client told it.
    mutating func heard(_ subscriptions: [BeaconCommitteeSubscription], at current: Slot) {
        let end = current.rawValue.addingReportingOverflow(3 * slotsPerEpoch).partialValue
        for subscription in subscriptions
        where subscription.slot >= current && subscription.slot.rawValue < end && told.count < Self.seatsMax {
            told[Seat(subscription)] = .finally
        }
    }

    /// A beacon node has forgotten.
    mutating func forget() { told = [:] }
}
