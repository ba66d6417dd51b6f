import BLS
import DutyWorkflow
import Ethereum
import Testing

@testable import Cluster
@testable import Node

@Suite("key shares at remote signers") struct SignerInventoryTests {
    private static let keys: ShareKeys = ShareKeys(
        (0..<3).map { _ in
            ClusterKeys.Validator(
                publicKey: SecretKey.random().publicKey, shares: (0..<4).map { _ in SecretKey.random().publicKey })
        }, own: ShareIndex(PeerIndex(1)))

    /// Shares by validator, in the order of their names, of an operator.
    private static func shares(_ validators: [Int], of operator: Int = 1) -> Set<PubShare> {
        Set(validators.compactMap { keys.publicShare(keys.pubKeys[$0], ShareIndex(PeerIndex(`operator`)))?.bytes })
    }

    private static func findings(_ lists: [Set<PubShare>?]) -> [SignerInventory.Finding] {
        SignerInventory(lists.enumerated().map { ("s\($0.offset)", $0.element) }, keys: keys).findings
    }

    @Test("all there, at one signer or at several, with strangers' keys among them")
    func complete() {
        #expect(Self.findings([Self.shares([0, 1, 2])]).isEmpty)
        #expect(Self.findings([Self.shares([0]), Self.shares([1, 2])]).isEmpty)
        #expect(Self.findings([Self.shares([0, 1, 2]).union([PubShare(padding: [1])])]).isEmpty)
    }

    @Test("what is missing is named once all signers have told")
    func missing() {
        #expect(Self.findings([Self.shares([0, 2])]) == [.missing([Self.keys.pubKeys[1]], of: 3)])
        #expect(Self.findings([Self.shares([0, 2]), nil]).isEmpty)
        #expect(Self.findings([Self.shares([0, 2]), Self.shares([1])]).isEmpty)
        #expect(Self.findings([[]]) == [.nothing(of: 3)])
    }

    @Test("another operator's key shares are named with their signer")
    func foreign() {
        let foreign = Self.shares([0, 1], of: 3)
        #expect(
            Self.findings([Self.shares([0, 1, 2]), foreign]) == [.foreign(signer: "s1", PeerIndex(3), count: 2)])
        #expect(Self.findings([foreign]) == [.nothing(of: 3), .foreign(signer: "s0", PeerIndex(3), count: 2)])
    }
}
