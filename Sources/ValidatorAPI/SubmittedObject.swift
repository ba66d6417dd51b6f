import BeaconAPI
import DutyWorkflow
import Ethereum

/// An object that the validator client signed with our share.
struct SubmittedObject: Sendable {
    /// In the request's list, from 0.
    let place: Int
    let duty: Duty
    let pubKey: PubKey
    /// In the chain's shape, or the one that nodes exchange.
    let data: SignedData

    var key: EntryKey { EntryKey(pubKey, subcommittee: data.subcommittee) }
}

extension EndpointTable {
    /// Epochs ahead of now for which anything may be signed; peers take no more.
    private static let epochsAheadMax: UInt64 = 2

    private typealias PlacedSet = (partials: LocalPartials, places: [EntryKey: [Int]])

    /// Checks all signatures, then hands the objects to the node. What contradicts the cluster's decision is refused
    /// alone.
    ///
    /// - Throws: 400 or 503, with one failure for each object that was not taken.
    func submit(_ objects: [SubmittedObject]) async throws {
        try Self.require(try await take(objects))
    }

    /// Like `submit`, but for whoever can do without some.
    ///
    /// - Returns: the places of objects that the node did not take, with the reason.
    /// - Throws: if one is malformed, or a signature is bad; then none was taken.
    func take(_ objects: [SubmittedObject]) async throws -> [Int: ValidatorAPIRefusal] {
        guard !objects.isEmpty else { return [:] }
        let faults = objects.compactMap { object in fault(in: object).map { (object.place, $0) } }
        try Self.require(Dictionary(faults) { first, _ in first })
        let sets = try sets(of: objects)
        let partials = sets.map { $0.partials }
        let forged = try await backend.verify(partials)
        precondition(forged.count == sets.count)
        try Self.require(
            Self.placed(
                zip(forged, partials).map { refusal, partials in
                    refusal.map { refusal in partials.set.mapValues { _ in refusal } } ?? [:]
                }, sets))
        return Self.placed(try await backend.submit(partials), sets)
    }

    /// For requests of one object: a fault without list of places.
    func alone(_ work: () async throws -> Void) async throws {
        do {
            try await work()
        } catch var fault as APIFault {
            fault.failures = []
            throw fault
        }
    }

    private static func placed(
        _ refusals: [[EntryKey: ValidatorAPIRefusal]], _ sets: [PlacedSet]
    ) -> [Int: ValidatorAPIRefusal] {
        precondition(refusals.count == sets.count)
        var placed: [Int: ValidatorAPIRefusal] = [:]
        for (refusals, set) in zip(refusals, sets) {
            for (key, refusal) in refusals {
                for place in set.places[key] ?? [] { placed[place] = refusal }
            }
        }
        return placed
    }

    /// Throws the first refusal, with one failure for each place.
    static func require(_ refusals: [Int: ValidatorAPIRefusal]) throws(APIFault) {
        let refusals = refusals.sorted { $0.key < $1.key }
        guard let first = refusals.first else { return }
        var fault = APIFault(first.value)
        fault.failures = refusals.map { .init(index: $0.key, message: $0.value.description) }
        throw fault
    }

    private func fault(in object: SubmittedObject) -> ValidatorAPIRefusal? {
        let (duty, domains) = (object.duty, backend.domains)
        if let fault = object.data.fault(in: duty, clock: backend.clock, forks: domains.forks) {
            return .refused("an object \(fault)")
        }
        guard duty.type.rules.span == .endless || !isTooFarAhead(duty.slot) else {
            return .refused("slot \(duty.slot) is too far ahead")
        }
        return nil
    }

    /// Whether nobody may sign anything for a slot yet.
    func isTooFarAhead(_ slot: Slot) -> Bool {
        let (epoch, current) = (backend.domains.epoch(of: slot), backend.domains.epoch(of: backend.currentSlot))
        return epoch > current && epoch.rawValue - current.rawValue > Self.epochsAheadMax
    }

    /// One set for each duty, with the places of its objects in the request. The same object twice is one; two different
    /// ones of a validator are refused.
    private func sets(of objects: [SubmittedObject]) throws(APIFault) -> [PlacedSet] {
        var sets: [Duty: (set: ParSignedDataSet, places: [EntryKey: [Int]])] = [:]
        for object in objects {
            let data = object.data.exchanged(on: backend.domains.preset)
            let partial = ParSignedData(data: data, shareIndex: keys.own)
            if let other = sets[object.duty]?.set[object.key], other != partial {
                throw APIFault(400, "two different objects of one validator for duty \(object.duty)")
            }
            sets[object.duty, default: ([:], [:])].set[object.key] = partial
            sets[object.duty]?.places[object.key, default: []].append(object.place)
        }
        return sets.sorted { $0.key < $1.key }.map { (LocalPartials($0.key, $0.value.set), $0.value.places) }
    }
}
