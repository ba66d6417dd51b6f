import DutyWorkflow
import Ethereum
import QBFT
import SSZ
import TestSupport
import Testing

@testable import PeerProtocols

@Suite("messages of chains with other limits than mainnet")
struct PresetTests {
    private let cluster = TestCluster(nodes: 4, validators: 1)
    private let duty = Duty(slot: 9, type: .proposer)
    private let proposal = GnosisBlock.proposal(slot: 9)
    private let pubKey = PubKey(padding: [0xa0, 1])

    @Test("a block in consensus has its chain's root, and its value the hash that all nodes vote on")
    func consensus() throws {
        let set: UnsignedDataSet = [pubKey: .proposal(proposal)]
        let hash = set.valueHash()
        let vote = cluster.sealed(duty, QBFT.Message(.prepare, round: 1, source: 1, value: hash))
        let message = ConsensusMessage(duty: duty, message: vote, values: [hash: .duties(set)])
        let codec = ConsensusCodec(operators: cluster.keys.map(\.publicKey), validators: 1) { GnosisBlock.preset }
        #expect(try codec.decode(ConsensusCodec.encode(message)) { _ in true } == message)
    }

    @Test("a block that a peer signed has its chain's root")
    func shares() throws {
        let signed = SignedData.proposal(proposal.signed(with: SignatureBytes(padding: [5])))
        let set = [EntryKey(pubKey): ParSignedData(data: signed, shareIndex: ShareIndex(PeerIndex(2)))]
        let codec = ParSigExCodec(validators: [pubKey], nodes: 4) { GnosisBlock.preset }
        let read = try codec.decode(ParSigExCodec.encode(duty, set)) { _ in true }
        #expect(read.set == set)
        #expect(read.set[EntryKey(pubKey)]?.data.messageRoot == GnosisBlock.root(slot: 9))
    }
}
