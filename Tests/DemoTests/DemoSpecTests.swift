import BLS
import Ethereum
import SSZ
import Testing

@testable import Demo

@Suite("Demo chain: signing roots and lotteries")
struct DemoSpecTests {
    @Test("its signing roots, computed on its own, are those of the nodes")
    func signingRoots() throws {
        let chain = try DemoChainScene().chain
        let spec = try ChainSpec(json: chain.spec.json())
        let domains = SigningDomains(
            spec: spec, genesisValidatorsRoot: chain.spec.genesisValidatorsRoot,
            exitVersion: try #require(Network.hoodi.capellaForkVersion))
        let root = Root(padding: [7])
        var data = AttestationData()
        data.target.epoch = 2
        let exit = VoluntaryExit(epoch: 3, validatorIndex: 4)
        let selection = SyncAggregatorSelectionData(slot: 9, subcommitteeIndex: 2)
        let (aggregate, contribution) = (AggregateAndProofElectra(), ContributionAndProof())
        #expect(chain.spec.attestation(data) == domains.attester(data))
        #expect(chain.spec.randao(5) == domains.randao(5))
        #expect(chain.spec.selection(9) == domains.prepareAggregator(9))
        #expect(chain.spec.syncSelection(9, subcommittee: 2) == domains.prepareSyncContribution(selection))
        #expect(chain.spec.exit(exit) == domains.exit(exit))
        #expect(chain.spec.signingRoot(root, .proposer) == domains.proposer(slot: 9, blockRoot: root))
        #expect(chain.spec.signingRoot(root, .syncCommittee) == domains.syncMessage(slot: 9, beaconBlockRoot: root))
        #expect(
            chain.spec.signingRoot(aggregate.hashTreeRoot(), .aggregateAndProof) == domains.aggregator(aggregate))
        #expect(
            chain.spec.signingRoot(contribution.hashTreeRoot(), .contributionAndProof)
                == domains.syncContribution(contribution))
    }

    @Test("its lotteries are those of the nodes", arguments: DemoDuties.allCases)
    func lotteries(duties: DemoDuties) throws {
        let scene = try DemoChainScene { $0.duties = duties }
        let own = scene.chain.spec
        let spec = try ChainSpec(json: own.json())
        for number in UInt8(0)..<100 {
            let proof = scene.sign(0, Root(padding: [number]))
            let length = scene.chain.duty(of: 0, in: 0).committeeLength
            #expect(
                own.isAggregator(proof)
                    == AggregatorSelection.isAggregator(committeeLength: length, selectionProof: proof, spec: spec))
            #expect(
                own.isSyncAggregator(proof) == AggregatorSelection.isSyncAggregator(selectionProof: proof, spec: spec))
        }
    }
}
