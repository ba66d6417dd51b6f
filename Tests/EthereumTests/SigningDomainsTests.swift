import Ethereum
import SSZ
import Testing

/// Which fork version a message's signature uses, at a fork border: version 1 up to epoch 9, version 2 from 10 on.
struct SigningDomainsTests {
    static let chainRoot = Root(padding: [7])
    let domains: SigningDomains

    init() throws {
        domains = SigningDomains(
            forks: try ForkSchedule([
                .init(fork: .phase0, version: Self.version(1), epoch: 0),
                .init(fork: .electra, version: Self.version(2), epoch: 10),
            ]),
            genesisValidatorsRoot: Self.chainRoot, exitVersion: Self.version(3), slotsPerEpoch: 32, preset: .mainnet)
    }

    private static func version(_ number: UInt8) -> ForkVersion { ForkVersion(padding: [number]) }

    private func expected(_ object: Root, _ type: DomainType, version: UInt8, chain: Root = chainRoot) -> Root {
        computeSigningRoot(
            objectRoot: object,
            domain: computeDomain(type, version: Self.version(version), genesisValidatorsRoot: chain))
    }

    @Test(arguments: [(319, 1), (320, 2)] as [(Slot, UInt8)])
    func slotsDecide(slot: Slot, version: UInt8) {
        let root = Root(padding: [1])
        #expect(
            domains.proposer(slot: slot, blockRoot: root) == expected(root, .beaconProposer, version: version))
        #expect(
            domains.syncMessage(slot: slot, beaconBlockRoot: root) == expected(root, .syncCommittee, version: version))
        #expect(
            domains.prepareAggregator(slot) == expected(slot.hashTreeRoot(), .selectionProof, version: version))
        let selection = SyncAggregatorSelectionData(slot: slot, subcommitteeIndex: 1)
        #expect(
            domains.prepareSyncContribution(selection)
                == expected(selection.hashTreeRoot(), .syncCommitteeSelectionProof, version: version))
        var contribution = ContributionAndProof()
        contribution.contribution.slot = slot
        #expect(
            domains.syncContribution(contribution)
                == expected(contribution.hashTreeRoot(), .contributionAndProof, version: version))
        var old = AggregateAndProofPhase0()
        old.aggregate.data.slot = slot
        #expect(domains.aggregator(old) == expected(old.hashTreeRoot(), .aggregateAndProof, version: version))
        var new = AggregateAndProofElectra()
        new.aggregate.data.slot = slot
        #expect(domains.aggregator(new) == expected(new.hashTreeRoot(), .aggregateAndProof, version: version))
    }

    @Test(arguments: [(9, 1), (10, 2), (.farFuture, 2)] as [(Epoch, UInt8)])
    func epochsDecide(epoch: Epoch, version: UInt8) {
        #expect(domains.randao(epoch) == expected(epoch.hashTreeRoot(), .randao, version: version))
        // The target's epoch, whatever the slot says.
        for slot in [Slot(0), Slot(319), Slot(320)] {
            let data = AttestationData(
                slot: slot, index: 0, beaconBlockRoot: .zero, source: Checkpoint(),
                target: Checkpoint(epoch: epoch, root: .zero))
            #expect(domains.attester(data) == expected(data.hashTreeRoot(), .beaconAttester, version: version))
        }
    }

    /// EIP-7044: the exit version for ever.
    @Test(arguments: [0, 9, 10, .farFuture] as [Epoch])
    func exitsAreTiedToCapella(epoch: Epoch) {
        let exit = VoluntaryExit(epoch: epoch, validatorIndex: 5)
        #expect(domains.exit(exit) == expected(exit.hashTreeRoot(), .voluntaryExit, version: 3))
    }

    @Test func registrationsAndDepositsAreTiedToGenesis() {
        let registration = ValidatorRegistration(
            feeRecipient: .zero, gasLimit: 60_000_000, timestamp: .max, pubKey: .zero)
        #expect(
            domains.builderRegistration(registration)
                == expected(registration.hashTreeRoot(), .applicationBuilder, version: 1, chain: .zero))
        let deposit = DepositMessage(pubKey: .zero, withdrawalCredentials: .zero, amount: 32_000_000_000)
        #expect(
            domains.deposit(deposit) == expected(deposit.hashTreeRoot(), .deposit, version: 1, chain: .zero))
    }

    @Test func domainTypesDiffer() {
        #expect(Set(DomainType.allCases.map(\.bytes)).count == DomainType.allCases.count)
    }
}
