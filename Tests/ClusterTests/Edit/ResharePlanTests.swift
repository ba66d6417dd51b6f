import BLS
import Cluster
import Secp256k1
import TestSupport
import Testing

/// What edits refuse, with the flag named.
@Suite("reshare plans") struct ResharePlanTests {
    private let file: LockFile
    private let identities: [Secp256k1.PrivateKey]
    private let strangers: [Secp256k1.PrivateKey]

    init() throws {
        let cluster = try Samples.cluster(nodes: 7)
        file = try LockFile(cluster.lock)
        identities = cluster.nodes.map(\.identity)
        var generator = SeededGenerator(seed: 77)
        strangers = (0..<4).map { _ in .random(using: &generator) }
    }

    private var enrs: [String] { file.lock.definition.operators.map(\.enr) }
    private func new(_ i: Int) -> String { ENR(signedBy: strangers[i]).text }
    private func enrs(_ positions: Int...) -> [String] { positions.map { enrs[$0] } }

    private func plan(_ edit: ReshareEdit, by identity: Secp256k1.PrivateKey? = nil) throws(ClusterError) -> ResharePlan
    {
        try ResharePlan(edit, file, identity: (identity ?? identities[0]).publicKey)
    }

    private func refusal(_ edit: ReshareEdit, by identity: Secp256k1.PrivateKey? = nil) throws -> String {
        "\(try #require(#expect(throws: ClusterError.self) { _ = try plan(edit, by: identity) }))"
    }

    private func remove(_ enrs: [String], participating: [String] = [], threshold: Int? = nil) -> ReshareEdit {
        .removeOperators(enrs: enrs, participating: participating, threshold: threshold)
    }

    @Test("operators who join are new, named once, and there are some")
    func adding() throws {
        #expect(try refusal(.addOperators(enrs: [])).hasPrefix("--new-operator-enrs: missing"))
        #expect(
            try refusal(.addOperators(enrs: [new(0), new(0)])).contains("number 2 is the same operator as number 1"))
        #expect(
            try refusal(.addOperators(enrs: [new(0), enrs[3]])).contains("number 2 is operator 3 of the lock already"))
        #expect(try refusal(.addOperators(enrs: ["enr:-x"])).hasPrefix("--new-operator-enrs: number 1: "))
        #expect(try refusal(.addOperators(enrs: [new(0)]), by: strangers[1]).hasPrefix("--private-key-file"))
        let plan = try plan(.addOperators(enrs: [new(0), new(1)]), by: strangers[1])
        #expect(plan.own == 8)
        #expect(plan.ownSeat == .joins(new: 8))
        #expect(!plan.participants[plan.own].deals)
        #expect(plan.participants.filter(\.deals).count == 7)
        #expect(plan.participants.filter(\.receives).count == 9)
        #expect(plan.threshold == 5)
    }

    @Test("an operator is replaced by somebody new, and takes no part")
    func replacing() throws {
        #expect(try refusal(.replaceOperator(old: "", new: new(0))).hasPrefix("--old-operator-enr: missing"))
        #expect(try refusal(.replaceOperator(old: enrs[1], new: "")).hasPrefix("--new-operator-enr: missing"))
        #expect(try refusal(.replaceOperator(old: enrs[1], new: enrs[1])).contains("nobody would be replaced"))
        #expect(try refusal(.replaceOperator(old: enrs[1], new: enrs[2])).contains("is operator 2 of the lock already"))
        #expect(try refusal(.replaceOperator(old: new(1), new: new(0))).contains("is no operator of the lock"))
        let edit = ReshareEdit.replaceOperator(old: enrs[0], new: new(0))
        #expect(try refusal(edit).hasPrefix("--private-key-file: it does not take part"))
        let plan = try plan(edit, by: strangers[0])
        #expect(plan.own == 0)
        #expect(plan.absent == [0])
        #expect(plan.participants[0].node == 0)
        #expect(plan.operators.map(\.enr) == [new(0)] + enrs.dropFirst())
    }

    @Test("more than the spare operators leave only if enough of all take part")
    func removingMany() throws {
        #expect(try refusal(remove([])).hasPrefix("--operator-enrs-to-remove: missing"))
        #expect(try refusal(remove([new(0)])).contains("number 1 is no operator of the lock"))
        #expect(try refusal(remove(enrs(1, 1))).contains("number 2 is the same operator"))
        #expect(try refusal(remove(enrs)).contains("at least one has to stay"))
        #expect(try refusal(remove(enrs(1, 2, 3, 4, 5))).contains("below minimum: 2"))
        #expect(try plan(remove(enrs(5, 6))).threshold == 4)
        let many = enrs(4, 5, 6)
        #expect(try refusal(remove(many)).contains("name at least 5 operators"))
        #expect(try refusal(remove(many, participating: enrs(0, 1, 2, 3))).contains("4 operators; the shares of 5"))
        #expect(try refusal(remove(many, participating: enrs(0, 1, 2, 4, 5))).contains("operator 3 ("))
        #expect(try refusal(remove(many, participating: enrs(0, 1, 2, 3, 3))).contains("number 5 is the same"))
        #expect(
            try refusal(remove(many, participating: enrs(0, 1, 2, 3) + [new(0)])).contains("number 5 is no operator"))
        let plan = try plan(remove(many, participating: enrs(0, 1, 2, 3, 5)), by: identities[5])
        #expect(plan.ownSeat == .leaves(old: 5))
        #expect(plan.participants[plan.own].deals)
        #expect(plan.absent == [4, 6])
        #expect(plan.threshold == 3)
    }

    @Test("an operator who leaves takes part only if it is named")
    func removingOneself() throws {
        #expect(try refusal(remove(enrs(0))).contains("only if --participating-operator-enrs names it"))
        #expect(try plan(remove(enrs(0), participating: enrs)).ownSeat == .leaves(old: 0))
    }

    @Test("a new threshold is at least two thirds and leaves one node to spare")
    func newThreshold() throws {
        #expect(try refusal(remove(enrs(6), threshold: 3)).contains("possible: from 4 to 5"))
        #expect(try refusal(remove(enrs(6), threshold: 6)).contains("possible: from 4 to 5"))
        #expect(try refusal(remove(enrs(6), threshold: 0)).hasPrefix("--new-threshold"))
        #expect(try plan(remove(enrs(6), threshold: 5)).threshold == 5)
    }

    @Test("who takes part in another order than the lock's keeps the lock's order as an operator")
    func order() throws {
        let plan = try plan(remove(enrs(6), participating: enrs(3, 0, 1, 2, 4, 5)))
        #expect(plan.participants.map(\.node) == [3, 0, 1, 2, 4, 5])
        #expect(plan.operators.map(\.node) == [0, 1, 2, 3, 4, 5])
        #expect(plan.own == 1)
        #expect(plan.warnings.count == 1)
        let hash = try plan.definition().definitionHash
        let signatures = plan.participants.map { [UInt8](repeating: UInt8($0.node), count: 65) }
        let shares = file.keys.validators.map { Array($0.shares.prefix(6)) }
        let aggregate = try BLS.Signature(bytes: file.lock.signatureAggregate)
        let signed = try plan.signed(plan.lock(publicShares: shares), aggregate: aggregate, nodeSignatures: signatures)
        #expect(signed.nodeSignatures.map { $0[0] } == [0, 1, 2, 3, 4, 5])
        #expect(signed.definition.definitionHash == hash)
    }

    @Test("keys are dealt anew by all and for all")
    func recreating() throws {
        let plan = try plan(.recreatePrivateKeys, by: identities[6])
        #expect(plan.participants.map(\.node) == Array(0..<7))
        #expect(plan.participants.allSatisfy { $0.deals && $0.receives })
        #expect(try refusal(.recreatePrivateKeys, by: strangers[0]).hasPrefix("--private-key-file"))
    }
}
