import BLS
import Cluster
import Ethereum
import SSZ
import Secp256k1
import TestSupport
import Testing

@testable import DKG

/// Whole edits of a cluster on virtual time. What Charon's nodes said in theirs: RecordedCeremonyTests.
@Suite struct EditCeremonyTests {
    enum Kind: String, CaseIterable, Sendable {
        case recreate, add, replace, remove, removeWithLeavers, addValidatorsFrost,
            addValidatorsPedersen
        case addValidatorsUnverified
    }

    /// A cluster of 4 with threshold 3, and what becomes of it.
    struct Edit {
        let kind: Kind
        let old: ClusterCreation
        let file: LockFile
        let strangers: [Secp256k1.PrivateKey]

        init(_ kind: Kind, seed: UInt64) throws {
            self.kind = kind
            var options = ClusterOptions()
            options.name = "edits"
            options.nodes = 4
            options.validators = 2
            options.feeRecipients = ["0x1111111111111111111111111111111111111111"]
            options.withdrawalAddresses = ["0x2121212121212121212121212121212121212121"]
            options.network = .hoodi
            var generator = SeededGenerator(seed: seed)
            let now = Instant(unixSeconds: 1_795_467_579)
            var definition = try ClusterPlan(options, now: now, using: &generator).definition
            definition.dkgAlgorithm = kind == .addValidatorsPedersen ? "pedersen" : "default"
            old = try ClusterCreation(
                ClusterPlan(definition, network: .hoodi, insecureKeys: false, now: now), using: &generator)
            file = try LockFile(old.lock)
            strangers = (0..<2).map { _ in .random(using: &generator) }
        }

        private var enrs: [String] { old.lock.definition.operators.map(\.enr) }

        private var reshare: ReshareEdit? {
            let new = strangers.map { ENR(signedBy: $0).text }
            return switch kind {
            case .recreate: .recreatePrivateKeys
            case .add: .addOperators(enrs: new)
            case .replace: .replaceOperator(old: enrs[1], new: new[0])
            case .remove: .removeOperators(enrs: [enrs[1]], participating: [], threshold: nil)
            case .removeWithLeavers:
                // In another order than the lock's.
                .removeOperators(
                    enrs: [enrs[0]], participating: [3, 0, 1, 2].map { enrs[$0] }, threshold: nil)
            case .addValidatorsFrost, .addValidatorsPedersen, .addValidatorsUnverified: nil
            }
        }

        /// Of all participants, with their identities.
        func plans() throws -> (plans: [CeremonyPlan], identities: [Secp256k1.PrivateKey]) {
            let known = old.nodes.map(\.identity) + strangers
            guard let reshare else {
                var request = ValidatorAddition.Request()
                request.count = 2
                request.feeRecipients = ["0x1111111111111111111111111111111111111111"]
                request.withdrawals = ["0x2121212121212121212121212121212121212121"]
                request.isUnverified = kind == .addValidatorsUnverified
                let plans = try old.nodes.map { node in
                    let addition = try ValidatorAddition(
                        request, file, customNetwork: nil, identity: node.identity.publicKey)
                    return try CeremonyPlan(
                        addition: addition, shares: request.isUnverified ? nil : node.shares,
                        depositFiles: old.depositFiles, identity: node.identity, release: .v1_11)
                }
                return (plans, old.nodes.map(\.identity))
            }
            let participants = try ResharePlan(reshare, file, identity: old.nodes[2].identity.publicKey)
                .participants
            var plans: [CeremonyPlan] = []
            var identities: [Secp256k1.PrivateKey] = []
            for participant in participants {
                let identity = try #require(known.first { $0.publicKey == participant.identity })
                let plan = try ResharePlan(reshare, file, identity: identity.publicKey)
                let shares = participant.seat.old.map { old.nodes[$0].shares }
                plans.append(
                    CeremonyPlan(
                        reshare: plan, shares: shares, network: .hoodi, identity: identity, release: .v1_11))
                identities.append(identity)
            }
            return (plans, identities)
        }

        func simulation(seed: UInt64) throws -> SimulatedCeremony {
            let (plans, identities) = try plans()
            let sample = CeremonySample(identities: identities, definition: old.lock.definition)
            return try SimulatedCeremony(sample, plans, seed: seed)
        }

        /// Everybody who stays has the same lock, which holds, and shares that belong to it, of the same keys as before.
        func check(_ simulation: SimulatedCeremony, _ comment: Comment? = nil) throws {
            var locks: Set<[UInt8]> = []
            var bySeat: [Int: [SecretKey]] = [:]
            for (plan, node) in zip(try plans().plans, simulation.nodes) {
                #expect(node.failure == nil, comment)
                #expect(node.isFinished, "\(String(describing: node.ceremony?.view))")
                guard let seat = plan.seat(of: plan.own) else {
                    #expect(node.files == nil && node.outcome == nil)
                    continue
                }
                let outcome = try #require(node.files, comment)
                locks.insert(try outcome.lock.encoded())
                bySeat[seat] = outcome.shares
            }
            #expect(locks.count == 1, comment)
            let lock = try Lock(json: #require(locks.first))
            let file = try LockFile(lock, verify: kind != .addValidatorsUnverified)
            #expect(lock.validators.prefix(2).map(\.publicKey) == old.lock.validators.map(\.publicKey))
            #expect(lock.definition.operators.count == bySeat.count)
            guard kind != .addValidatorsUnverified else { return }
            for (seat, shares) in bySeat { try file.keys.verify(shares: shares, ofPeer: seat) }
            for v in lock.validators.indices {
                let shares = bySeat.sorted { $0.key < $1.key }.prefix(lock.definition.threshold)
                    .map { ($0.key + 1, $0.value[v]) }
                let secret = try SecretKey.recover(from: Dictionary(uniqueKeysWithValues: shares))
                #expect(secret.publicKey.bytes.bytes == lock.validators[v].publicKey)
            }
        }
    }

    @Test("every edit ends in one cluster of the same validators", arguments: Kind.allCases)
    func good(kind: Kind) throws {
        let edit = try Edit(kind, seed: 1)
        var simulation = try edit.simulation(seed: 1)
        simulation.run()
        try edit.check(simulation)
    }

    @Test("old and new key shares do not go together")
    func fresh() throws {
        let edit = try Edit(.recreate, seed: 2)
        var simulation = try edit.simulation(seed: 2)
        simulation.run()
        let new = try simulation.nodes.map { try #require($0.files).shares[0] }
        let mixed = [1: new[0], 2: edit.old.nodes[1].shares[0], 3: new[2]]
        #expect(
            try SecretKey.recover(from: mixed).publicKey.bytes.bytes
                != edit.old.lock.validators[0].publicKey)
    }

    @Test("added validators have deposits beside the old ones'")
    func deposits() throws {
        let edit = try Edit(.addValidatorsFrost, seed: 3)
        var simulation = try edit.simulation(seed: 3)
        simulation.run()
        let files = try #require(simulation.nodes[0].files).depositFiles
        #expect(files.map(\.amount) == edit.old.depositFiles.map(\.amount))
        #expect(files.allSatisfy { $0.deposits.count == 4 })
    }

    @Test(
        "a bad network costs time only",
        arguments: [Kind.add, .removeWithLeavers, .addValidatorsFrost],
        Seeds.fromEnvironment(default: 5))
    func badNetwork(kind: Kind, seed: UInt64) throws {
        let edit = try Edit(kind, seed: seed)
        var simulation = try edit.simulation(seed: seed)
        simulation.network = .init(
            lossRate: 0.2, deafRate: 0.05, repeatRate: 0.2, delayMax: .milliseconds(400), breakRate: 0.02)
        simulation.run()
        try edit.check(simulation, "replay with SEED=\(seed)")
    }

    @Test(
        "on a network that loses nearly everything nobody is accused, and there are not two clusters",
        arguments: [Kind.add, .removeWithLeavers], Seeds.fromEnvironment(default: 3))
    func hopelessNetwork(kind: Kind, seed: UInt64) throws {
        let edit = try Edit(kind, seed: seed)
        var simulation = try edit.simulation(seed: seed)
        simulation.network = .init(lossRate: 0.7, deafRate: 0.2, delayMax: .milliseconds(900))
        simulation.run(for: .seconds(200))
        let culprits = simulation.nodes.compactMap { $0.failure?.culprit }
        #expect(culprits.isEmpty, "\(simulation.nodes.compactMap(\.failure)), replay with SEED=\(seed)")
        let locks = try Set(simulation.nodes.compactMap { try $0.files?.lock.encoded() })
        #expect(locks.count <= 1)
    }

    @Test("a response that one operator gets after its phase costs time only")
    func lateResponse() throws {
        let edit = try Edit(.recreate, seed: 5)
        var simulation = try edit.simulation(seed: 5)
        simulation.loses = { from, to, protocolID, elapsed in
            from == 1 && to == 0 && protocolID == .responseBundle && elapsed < .seconds(40)
        }
        simulation.run()
        try edit.check(simulation)
    }

    @Test("a response that never comes is told, and nobody is accused")
    func lostResponse() throws {
        let edit = try Edit(.recreate, seed: 6)
        var simulation = try edit.simulation(seed: 6)
        simulation.loses = { from, to, protocolID, _ in from == 1 && to == 0 && protocolID == .responseBundle }
        simulation.run()
        let failures = try simulation.nodes.map { try #require($0.failure) }
        #expect(failures[0].description.hasPrefix("Pedersen response bundle not received from operator 1"))
        #expect(failures.allSatisfy { $0.culprit == nil }, "\(failures)")
        #expect(simulation.nodes.allSatisfy { $0.files == nil })
    }

    @Test(
        "nodes that are killed come back into the same edit",
        arguments: [Kind.add, .removeWithLeavers],
        Seeds.fromEnvironment(default: 5))
    func killed(kind: Kind, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let edit = try Edit(kind, seed: seed)
        var simulation = try edit.simulation(seed: seed)
        for _ in 0..<3 {
            simulation.kills.append(
                .init(
                    node: Int.random(in: 0..<4, using: &generator),
                    records: Int.random(in: 1...38, using: &generator)))
        }
        simulation.run()
        try edit.check(simulation, "replay with SEED=\(seed)")
    }

    @Test("who has other key shares than the lock's says so, and nobody gets a cluster")
    func otherShares() throws {
        let edit = try Edit(.add, seed: 4)
        let (plans, identities) = try edit.plans()
        // Operator 1 holds the shares of operator 2.
        var lying = plans
        let shares = edit.old.nodes[2].shares
        let reshare = try #require(plans[1].edit?.reshare)
        lying[1] = CeremonyPlan(
            reshare: reshare, shares: shares, network: .hoodi, identity: identities[1], release: .v1_11)
        var simulation = try SimulatedCeremony(
            CeremonySample(identities: identities, definition: edit.old.lock.definition), lying, seed: 4)
        simulation.run()
        #expect(simulation.nodes.allSatisfy { $0.files == nil })
        #expect(simulation.nodes[1].failure != nil)
    }

    @Test("ceremonies that are not the same have other notes")
    func identifiers() throws {
        var identifiers: Set<Root> = []
        for kind in Kind.allCases {
            identifiers.insert(try Edit(kind, seed: 1).plans().plans[0].identifier)
        }
        #expect(identifiers.count == Kind.allCases.count)
    }
}
