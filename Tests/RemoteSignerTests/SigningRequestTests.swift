import DutyWorkflow
import Ethereum
import SSZ
import Testing

@testable import RemoteSigner

@Suite("signing requests") struct SigningRequestTests {
    /// Capella from epoch 10 on, Electra from 20 on; slots of epoch e start at 32 e.
    static let domains: SigningDomains = {
        let epochs: [UInt64] = [0, 0, 0, 10, 15, 20, 30]
        let entries = zip(ForkName.allCases, epochs).map { fork, epoch in
            ForkSchedule.Entry(fork: fork, version: Bytes4(padding: [UInt8(fork.rawValue + 1)]), epoch: Epoch(epoch))
        }
        let forks = try? ForkSchedule(entries)
        precondition(forks != nil)
        return SigningDomains(
            forks: forks ?? Self.noForks, genesisValidatorsRoot: Root(padding: [9]),
            exitVersion: Bytes4(padding: [4]), slotsPerEpoch: 32, preset: .mainnet)
    }()
    private static var noForks: ForkSchedule { preconditionFailure() }

    private static func fork(_ data: SignedData) -> [String]? {
        let request = SigningRequest(data, in: domains)
        return request.json["fork_info"].map { info in
            ["previous_version", "current_version", "epoch"].map { info["fork"]?[$0]?.string ?? "" }
        }
    }

    private static func vote(target: UInt64) throws -> SignedData {
        var data = AttestationData()
        data.slot = Slot(target * 32 + 1)
        data.target.epoch = Epoch(target)
        var row = AttesterDuty()
        row.slot = data.slot
        row.committeeLength = 8
        row.committeesAtSlot = 64
        return .attestation(
            try #require(
                VersionedAttestation(fork: domains.forks.fork(at: data.target.epoch), data: data, duty: row)))
    }

    @Test(
        "the fork record is that of the message's own epoch",
        arguments: [
            (9, ["0x02000000", "0x03000000", "0"]), (10, ["0x03000000", "0x04000000", "10"]),
            (14, ["0x03000000", "0x04000000", "10"]), (20, ["0x05000000", "0x06000000", "20"]),
            (99, ["0x06000000", "0x07000000", "30"]),
        ] as [(UInt64, [String])])
    func inForce(epoch: UInt64, fork: [String]) throws {
        let slot = Slot(epoch * 32 + 31)
        #expect(Self.fork(try Self.vote(target: epoch)) == fork)
        #expect(Self.fork(.randao(SignedEpoch(epoch: Epoch(epoch), signature: .zero))) == fork)
        #expect(
            Self.fork(.committeeSelection(.init(validatorIndex: .zero, slot: slot, selectionProof: .zero))) == fork)
        #expect(
            Self.fork(
                .syncSelection(
                    .init(validatorIndex: .zero, slot: slot, subcommitteeIndex: 2, selectionProof: .zero))) == fork)
        #expect(
            Self.fork(
                .syncMessage(.init(slot: slot, beaconBlockRoot: .zero, validatorIndex: .zero, signature: .zero)))
                == fork)
        var contribution = ContributionAndProof()
        contribution.contribution.slot = slot
        #expect(Self.fork(.contributionAndProof(.init(message: contribution, signature: .zero))) == fork)
    }

    @Test(
        "an exit has Capella's version whichever epoch is compared, at any epoch", arguments: [0, 12, 99] as [UInt64])
    func exits(epoch: UInt64) {
        let exit = VoluntaryExit(epoch: Epoch(epoch), validatorIndex: ValidatorIndex(3))
        #expect(
            Self.fork(.exit(.init(message: exit, signature: .zero))) == ["0x04000000", "0x04000000", "10"])
    }

    @Test("a registration has no fork")
    func registration() {
        let request = SigningRequest(.registration(.init()), in: Self.domains)
        #expect(request.json["fork_info"] == nil)
        #expect(request.json["type"]?.string == "VALIDATOR_REGISTRATION")
    }

    @Test("the signing root is ours, and the signature in the object does not matter")
    func root() throws {
        let vote = try Self.vote(target: 25)
        let request = SigningRequest(vote, in: Self.domains)
        #expect(request.signingRoot == Self.domains.signingRoot(of: vote))
        #expect(request.json["signingRoot"]?.string == request.signingRoot.hex)
        #expect(SigningRequest(vote.with(signature: SignatureBytes(padding: [1])), in: Self.domains) == request)
    }

    @Test("selections and randao have the members of the API")
    func members() {
        let sync = SyncCommitteeSelection(
            validatorIndex: ValidatorIndex(7), slot: Slot(640), subcommitteeIndex: 2, selectionProof: .zero)
        let request = SigningRequest(.syncSelection(sync), in: Self.domains)
        #expect(request.json["type"]?.string == "SYNC_COMMITTEE_SELECTION_PROOF")
        #expect(request.json["sync_aggregator_selection_data"] == ["slot": "640", "subcommittee_index": "2"])
        let randao = SigningRequest(.randao(SignedEpoch(epoch: Epoch(20), signature: .zero)), in: Self.domains)
        #expect(randao.json["type"]?.string == "RANDAO_REVEAL")
        #expect(randao.json["randao_reveal"] == ["epoch": "20"])
    }
}
