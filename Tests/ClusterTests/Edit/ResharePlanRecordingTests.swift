import BLS
import Cluster
import TestSupport
import Testing

/// What our plans make of recorded edits must be what Charon made of them, byte for byte.
@Suite("reshare plans against recorded edits", .enabled(if: RecordedEdit.isThere))
struct ResharePlanRecordingTests {
    static let names = ["add-operators", "replace-operator", "remove-operators", "recreate-private-keys"]

    /// The flags the recording was made with.
    static func edit(_ name: String, _ recorded: RecordedEdit) throws -> ReshareEdit {
        let (old, new) = recorded.enrs
        return switch name {
        case "add-operators": .addOperators(enrs: Array(new.dropFirst(old.count)))
        case "replace-operator": .replaceOperator(old: old[1], new: new[1])
        case "remove-operators": .removeOperators(enrs: [old[1]], participating: [], threshold: nil)
        default: .recreatePrivateKeys
        }
    }

    @Test("the new lock is the recorded one, on every node", arguments: names)
    func sameLock(name: String) throws {
        let recorded = try RecordedEdit(name)
        for (node, identity) in recorded.identities {
            let edit = try Self.edit(name, recorded)
            let plan = try ResharePlan(edit, recorded.old, identity: identity.publicKey)
            #expect(plan.participants[plan.own].node == node)
            #expect(plan.oldThreshold == recorded.old.lock.definition.threshold)
            #expect(plan.threshold == recorded.new.definition.threshold)
            #expect(Set(plan.participants.map(\.node)) == Set(recorded.identities.keys))
            // In the new order, as the ceremony gives them.
            let keys = try plan.operators.map { try #require(recorded.shares[$0.node]) }
            let publicShares = recorded.new.validators.indices.map { v in keys.map { $0[v].publicKey } }
            let unsigned = try plan.lock(publicShares: publicShares)
            #expect(unsigned.lockHash == recorded.new.lockHash)
            let aggregate = try BLS.Signature.aggregate(keys.joined().map { $0.sign(unsigned.lockHash) })
            let signatures = try plan.participants.map {
                try #require(recorded.identities[$0.node]).sign(digest: unsigned.lockHash).bytes
            }
            let signed = try plan.signed(unsigned, aggregate: aggregate, nodeSignatures: signatures)
            #expect(try signed.encoded() == recorded.newBytes)
            _ = try LockFile(signed)
        }
    }

    @Test("who has key shares deals and needs them, who has none must not have any", arguments: names)
    func keys(name: String) throws {
        let recorded = try RecordedEdit(name)
        for (node, identity) in recorded.identities {
            let plan = try ResharePlan(Self.edit(name, recorded), recorded.old, identity: identity.publicKey)
            let own = recorded.oldShares[node]
            #expect(plan.participants[plan.own].deals == (own != nil))
            try plan.check(shares: own, in: "keys")
            #expect(throws: ClusterError.self) {
                try plan.check(shares: own == nil ? recorded.shares[node] : nil, in: "keys")
            }
            if let own {
                // Too few, and another's.
                #expect(throws: ClusterError.self) { try plan.check(shares: Array(own.dropLast()), in: "keys") }
                #expect(throws: ClusterError.self) { try plan.check(shares: recorded.shares[node], in: "keys") }
            }
        }
    }

    @Test("where an operator leaves, indices have gaps before and none after")
    func gaps() throws {
        let recorded = try RecordedEdit("remove-operators")
        let plan = try ResharePlan(
            Self.edit("remove-operators", recorded), recorded.old,
            identity: #require(recorded.identities[2]).publicKey)
        #expect(plan.participants.map(\.node) == [0, 2, 3])
        #expect(plan.participants.map(\.seat.new) == [0, 1, 2])
        #expect(plan.own == 1)
        #expect(plan.absent == [1])
    }

    @Test("two of four after two of three is said to be few")
    func warning() throws {
        let recorded = try RecordedEdit("add-operators")
        let plan = try ResharePlan(
            Self.edit("add-operators", recorded), recorded.old, identity: #require(recorded.identities[3]).publicKey)
        #expect(plan.warnings.count == 1)
        #expect(plan.warnings.first?.contains("stays at 2, of 4 nodes") == true)
        #expect(plan.ownSeat == .joins(new: 3))
    }
}
