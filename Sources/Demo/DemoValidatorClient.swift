import BLS
import BeaconAPI
import BeaconClient
import Ethereum
import Logging
import Node
import Program
import SSZ

/// A small validator client that knows nothing of clusters but the selection endpoints: it holds key shares as if they
/// were keys, talks the Beacon API to one address, and signs what it is given. It votes once an epoch and proposes once a
/// slot, as every client sees to.
package struct DemoValidatorClient: Sendable {
    let client: BeaconClient
    let keys: [PubKey: SecretKey]
    private let threads: CryptoThreads
    private let logger: Logger
    private let performs: DemoDuties

    /// - Parameters:
    ///   - client: pointed at a Styx node's validator API.
    ///   - keys: this operator's shares.
    package init(
        client: BeaconClient, keys: [SecretKey], performs: DemoDuties, threads: CryptoThreads, logger: Logger
    ) {
        self.client = client
        self.keys = Dictionary(keys.map { ($0.publicKey.bytes, $0) }, uniquingKeysWith: { first, _ in first })
        self.performs = performs
        self.threads = threads
        self.logger = logger
    }

    package struct Chain: Sendable {
        let spec: ChainSpec
        let clock: SlotClock
        let domains: SigningDomains
    }

    /// What our validators have to do in one epoch.
    private struct Duties: Sendable {
        var attesters: [AttesterDuty] = []
        var proposers: [ProposerDuty] = []
        var members: [SyncDuty] = []
    }

    /// Runs until cancelled.
    package func run() async throws {
        let chain: Chain = try await untilItWorks("chain") { try await self.chain() }
        let indices: [ValidatorIndex: PubKey] = try await untilItWorks("validators") { try await validators() }
        var known: [Epoch: Duties] = [:]
        var voted: [ValidatorIndex: Epoch] = [:]
        try await withThrowingDiscardingTaskGroup { group in
            var slot = chain.clock.slot(at: SystemClock.now()) ?? .zero
            while !Task.isCancelled {
                let epoch = chain.clock.epoch(of: slot)
                if known[epoch] == nil { known = [epoch: try await duties(epoch, indices, chain)] }
                var due = known[epoch] ?? Duties()
                due.proposers.removeAll { $0.slot != slot }
                due.attesters.removeAll { $0.slot != slot || voted[$0.validatorIndex].map { $0 >= epoch } ?? false }
                for duty in due.attesters { voted[duty.validatorIndex] = epoch }
                try await sleep(until: chain.clock.start(of: slot))
                for work in self.work(slot, due, chain) { group.addTask { await work() } }
                let next = slot + 1
                // What begins with the next slot must not wait for an answer.
                try await sleep(until: chain.clock.start(of: next) - chain.clock.slotDuration / 4)
                if chain.clock.epoch(of: next) != epoch {
                    known = [epoch + 1: try await duties(epoch + 1, indices, chain)]
                }
                slot = next
            }
        }
    }

    private func duties(
        _ epoch: Epoch, _ indices: [ValidatorIndex: PubKey], _ chain: Chain
    ) async throws -> Duties {
        try await untilItWorks("duties") {
            let slotsPerEpoch = chain.clock.slotsPerEpoch
            var duties = Duties()
            duties.attesters = try await client.attesterDuties(
                epoch, validators: indices, slotsPerEpoch: slotsPerEpoch
            ).rows
            guard performs == .all else { return duties }
            duties.proposers = try await client.proposerDuties(epoch, version: .v2, slotsPerEpoch: slotsPerEpoch).rows
                .filter { keys[$0.pubKey] != nil }
            duties.members = try await client.syncDuties(epoch, validators: indices).rows
            return duties
        }
    }

    /// One closure for each independent piece of work, to be started with the slot.
    private func work(_ slot: Slot, _ due: Duties, _ chain: Chain) -> [@Sendable () async -> Void] {
        var work: [@Sendable () async -> Void] = []
        func add(_ what: String, _ body: @escaping @Sendable () async throws -> Void) {
            work.append { await tell("\(what) slot \(slot)", body) }
        }
        for duty in due.proposers { add("propose") { try await propose(duty, chain) } }
        if !due.attesters.isEmpty {
            add("attest") { try await attest(due.attesters, chain) }
            if performs == .all { add("aggregate") { try await aggregate(due.attesters, chain) } }
        }
        if !due.members.isEmpty {
            add("sync messages") { try await voteForHead(slot, due.members, chain) }
            add("contribute") { try await contribute(slot, due.members, chain) }
        }
        return work
    }

    private func tell(_ what: String, _ body: () async throws -> Void) async {
        do { try await body() } catch {
            if !Task.isCancelled { logger.warning("validator client: \(what): \(error)") }
        }
    }

    // MARK: Start

    /// Of ours, by index.
    func validators() async throws -> [ValidatorIndex: PubKey] {
        let rows = try await client.validators(.pubKeys(Array(keys.keys)))
        guard rows.count == keys.count else {
            throw DemoClientError(what: "\(rows.count) of \(keys.count) validators known")
        }
        return Dictionary(rows.map { ($0.index, $0.validator.pubKey) }, uniquingKeysWith: { first, _ in first })
    }

    package func chain() async throws -> Chain {
        let spec = try await client.spec()
        let genesis = try await client.genesis()
        guard let exitVersion = spec.forks.version(of: .capella) else {
            throw DemoClientError(what: "a chain without Capella")
        }
        return Chain(
            spec: spec, clock: spec.clock(genesis: Instant(unixSeconds: genesis.time)),
            domains: SigningDomains(
                spec: spec, genesisValidatorsRoot: genesis.validatorsRoot, exitVersion: exitVersion))
    }

    /// Asks again every 200 ms, as long as it takes: nodes start in any order.
    private func untilItWorks<Value>(_ what: String, _ body: () async throws -> Value) async throws -> Value {
        while true {
            do { return try await body() } catch {
                try Task.checkCancellation()
                logger.debug("validator client waits for \(what): \(error)")
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    // MARK: Shared by all duties

    func sleep(until time: Instant) async throws {
        try await Task.sleep(for: max(.zero, time - SystemClock.now()))
    }

    /// All on one crypto thread, in order; those we have no key for are left out.
    func signed<Row: Sendable, Object: Sendable>(
        _ rows: [Row], by pubKey: @escaping @Sendable (Row) -> PubKey, over root: @escaping @Sendable (Row) -> Root,
        _ object: @escaping @Sendable (Row, SignatureBytes) -> Object
    ) async throws -> [Object] {
        let keys = keys
        return try await threads.run {
            rows.compactMap { row in keys[pubKey(row)].map { object(row, $0.sign(root(row)).bytes) } }
        }
    }
}

/// What a validator client cannot go on with.
struct DemoClientError: Error, CustomStringConvertible {
    let what: String
    var description: String { what }
}
