import DutyWorkflow
import Ethereum
import QBFT
import SSZ
import Secp256k1
import SwiftProtobuf
import TestSupport
import Testing

@testable import PeerProtocols

private let consensusID = "/charon/consensus/qbft/2.0.0"

@Suite("recorded consensus messages", .enabled(if: Vectors.has("wire"), "needs shared/vectors/wire"))
struct ConsensusCaptureTests {
    @Test("the recordings are complete")
    func complete() throws {
        #expect(!WireCapture.versions.isEmpty)
        #expect(WireCapture.all.map(\.version) == WireCapture.versions)
        for capture in WireCapture.all {
            #expect(capture.operators.count == 4 && capture.pubKeys.count == 4)
            #expect(capture.operators == capture.operatorKeys.map(\.publicKey))
            #expect(!capture.lines(consensusID).isEmpty)
            #expect(capture.lines.count { !$0.isExactlyFramed } == 0)
        }
    }

    @Test("every message encodes to the same bytes; maps inside values only change order", arguments: WireCapture.all)
    func encodes(capture: WireCapture) throws {
        for line in capture.lines(consensusID) {
            let wire = try WireQBFTConsensusMsg(wire: line.message, "QBFTConsensusMsg")
            #expect(wire.canonicalBytes() == line.message, "line \(line.number)")
            #expect(Int(wire.msg.duty.type) == line.dutyType && wire.msg.duty.slot == line.slot)
            for any in wire.values {
                let value = try WireUnsignedDataSet(wire: any.value, "UnsignedDataSet")
                #expect(any.typeURL == "type.googleapis.com/core.corepb.v1.UnsignedDataSet")
                #expect(try WireUnsignedDataSet(wire: value.canonicalBytes(), "UnsignedDataSet") == value)
                #expect(value.canonicalBytes().count == any.value.count)
                #expect(value.unknownFields.data.isEmpty)
                if value.set.count == 1 { #expect(value.canonicalBytes() == Array(any.value)) }
            }
        }
    }

    @Test("every vote is its operator's, and signing it again gives the same 65 bytes", arguments: WireCapture.all)
    func signatures(capture: WireCapture) throws {
        var votes = 0
        for line in capture.lines(consensusID) {
            let wire = try WireQBFTConsensusMsg(wire: line.message, "QBFTConsensusMsg")
            for vote in [wire.msg] + wire.justification {
                let signer = try #require(Int(exactly: vote.peerIdx))
                let signature = try #require(Bytes65(vote.signature))
                let digest = vote.digest
                #expect(vote.valueHash.count == 32 && vote.preparedValueHash.count == 32, "line \(line.number)")
                #expect(
                    try Secp256k1.PublicKey.recover(digest: digest, signature: signature) == capture.operators[signer])
                #expect(capture.operatorKeys[signer].sign(digest: digest) == signature, "line \(line.number)")
                votes += 1
            }
        }
        #expect(votes > capture.lines(consensusID).count)
    }

    /// Whatever the duty: votes name values by hash, so what is inside them does not matter here.
    @Test("the codec authenticates every message of every duty", arguments: WireCapture.all)
    func authenticates(capture: WireCapture) throws {
        let codec = ConsensusCodec(operators: capture.operators, validators: 4, duties: Set(DutyType.allCases))
        for line in capture.lines(consensusID) {
            let authentic = try codec.authenticate(codec.precheck(line.message))
            let wire = try WireQBFTConsensusMsg(wire: line.message, "QBFTConsensusMsg")
            #expect(Int(authentic.duty.type.rawValue) == line.dutyType && authentic.duty.slot.rawValue == line.slot)
            #expect(WireQBFTMsg(authentic.duty, authentic.message) == wire.msg)
            #expect(authentic.message.justification.map { WireQBFTMsg(authentic.duty, $0) } == wire.justification)
            #expect(authentic.message.valueHashes == Set(authentic.values.keys), "line \(line.number)")
            let signer = capture.operatorKeys[authentic.message.source]
            #expect(ConsensusCodec.seal(authentic.duty, authentic.message, with: signer) == authentic.message)
        }
    }

    @Test("messages of every duty survive decoding and encoding", arguments: WireCapture.all)
    func decodes(capture: WireCapture) throws {
        let codec = ConsensusCodec(operators: capture.operators, validators: 4)
        var types: Set<DutyType> = []
        for line in capture.lines(consensusID) where line.dutyType != Int(DutyType.infoSync.rawValue) {
            let message = try codec.decode(line.message) { _ in true }
            types.insert(message.duty.type)
            for (hash, value) in message.values {
                #expect(value.valueHash() == hash, "line \(line.number)")
                let set = try #require(value.duties)
                #expect(Set(set.keys).isSubset(of: capture.pubKeys))
                for (pubKey, value) in set {
                    #expect(value.dutyType == message.duty.type)
                    guard case .attester(let data, let duty) = value else { continue }
                    #expect(duty.pubKey == pubKey && data.slot == message.duty.slot && duty.slot == message.duty.slot)
                }
            }
            let bytes = try ConsensusCodec.encode(message)
            #expect(try codec.decode(bytes) { _ in true } == message, "line \(line.number)")
            let ours = try WireQBFTConsensusMsg(wire: bytes, "QBFTConsensusMsg")
            let theirs = try WireQBFTConsensusMsg(wire: line.message, "QBFTConsensusMsg")
            #expect(ours.msg == theirs.msg && ours.justification == theirs.justification)
            #expect(bytes.count == line.message.count)
        }
        #expect(types.isSuperset(of: [.attester, .proposer, .aggregator]))
    }
}
