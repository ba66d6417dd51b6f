import BeaconAPI
import BeaconClient
import Cluster
import Ethereum
import SSZ

/// The chain that validators are to leave, as beacon nodes describe it.
package struct ExitChain: Sendable {
    let beacon: BeaconClient
    private let clock: SlotClock
    private let root: Root
    /// Capella's, and its first epoch.
    private let version: ForkVersion
    private let capella: Epoch
    /// Of every exit on this chain.
    private let domain: Bytes32

    /// Asks who is there, and which chain it is: exits for another chain would be worth nothing.
    ///
    /// - Parameter cluster: whose network says Capella's version. For a private one whose nobody gave, the beacon node
    ///   says it.
    package init(_ beacon: BeaconClient, _ cluster: VerifiedCluster, notes: CommandNotes) async throws {
        do throws(BeaconError) { _ = try await beacon.nodeVersion() } catch { throw Self.absent(error) }
        let genesis = try await beacon.genesis()
        let network = cluster.network
        guard genesis.forkVersion == cluster.forkVersion else {
            throw ClusterError.option(
                "--beacon-node-endpoints",
                "the beacon node is of another network: genesis fork version \(genesis.forkVersion), but the lock"
                    + " is for \(network.name) (\(cluster.forkVersion))")
        }
        if let root = network.genesisValidatorsRoot, root != genesis.validatorsRoot {
            notes.warn(
                "the beacon node's chain is not \(network.name), which it borrows the fork version from: genesis"
                    + " validators root \(genesis.validatorsRoot)")
        }
        let spec = try await beacon.spec()
        let told = spec.forks.version(of: .capella)
        guard let version = network.capellaForkVersion ?? told else {
            throw ClusterError.option(
                "--testnet-capella-hard-fork", "is missing, and the beacon node does not know the version either")
        }
        if let told, told != version {
            notes.warn(
                "exits are signed for Capella's version \(version), as of \(network.name), but the beacon node says"
                    + " \(told)")
        }
        self.init(
            beacon, clock: spec.clock(genesis: Instant(unixSeconds: genesis.time)),
            genesisValidatorsRoot: genesis.validatorsRoot, exitVersion: version,
            capella: spec.forks.epoch(of: .capella))
    }

    /// Nobody is there, or somebody else than a beacon node. In the flag's name.
    private static func absent(_ error: BeaconError) -> any Error {
        switch error.cause {
        case .cancelled: error
        case .timeout, .connection:
            ClusterError.option(
                "--beacon-node-endpoints", "no beacon node answers (\(error)); start it, or correct the address")
        case .status, .syncing, .absent, .malformed, .tooLarge:
            ClusterError.option("--beacon-node-endpoints", "\(error); is this the address of a beacon node?")
        }
    }

    /// - Parameter version: Capella's, for ever (EIP-7044).
    private init(
        _ beacon: BeaconClient, clock: SlotClock, genesisValidatorsRoot root: Root, exitVersion version: ForkVersion,
        capella: Epoch
    ) {
        self.beacon = beacon
        self.clock = clock
        self.root = root
        self.version = version
        self.capella = capella
        domain = computeDomain(.voluntaryExit, version: version, genesisValidatorsRoot: root)
    }

    /// How long after `now` an exit of this epoch holds; nil if it does already.
    func wait(for epoch: Epoch, after now: Instant) -> Duration? {
        let start = clock.start(of: epoch)
        return start > now ? start - now : nil
    }

    /// The epoch that runs; 0 before genesis.
    func epoch(at now: Instant) -> Epoch { clock.slot(at: now).map { clock.epoch(of: $0) } ?? .zero }

    func signingRoot(_ exit: VoluntaryExit) -> Root {
        computeSigningRoot(objectRoot: exit.hashTreeRoot(), domain: domain)
    }

    func message(_ exit: VoluntaryExit) -> RemoteShares.Message {
        .exit(exit, version: version, since: capella, genesisValidatorsRoot: root)
    }

    /// What the chain's head knows of these validators.
    func validators(_ selection: ValidatorSelection) async throws(BeaconError) -> [PubKey: BeaconValidator] {
        let rows = try await beacon.validators(selection)
        return Dictionary(rows.map { ($0.validator.pubKey, $0) }, uniquingKeysWith: { first, _ in first })
    }
}
