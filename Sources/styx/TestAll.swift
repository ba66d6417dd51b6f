import ArgumentParser
import Diagnostics

struct TestAll: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "all", abstract: "Test everything: beacon, validator, mev, infra, then peers.",
        discussion: """
            The flags of each category have its name in front: --beacon-endpoints, --peers-enrs. --timeout is for all \
            categories together.
            """)

    @OptionGroup(title: "Beacon nodes") var beacon: PrefixedBeaconOptions
    @OptionGroup(title: "Validator client") var validator: PrefixedValidatorOptions
    @OptionGroup(title: "Block builders' relays") var mev: PrefixedMEVOptions
    @OptionGroup(title: "Machine") var infra: PrefixedInfraOptions
    @OptionGroup(title: "Other operators") var peers: PrefixedPeersOptions
    @OptionGroup var network: PeerNetworkOptions
    @OptionGroup var common: TestOptions

    static let flags = EnvironmentArguments.Flags(
        options: prefixed("beacon-", BeaconTestOptions.names) + prefixed("validator-", ValidatorTestOptions.names)
            + prefixed("mev-", MEVTestOptions.names) + prefixed("infra-", InfraTestOptions.names)
            + prefixed("peers-", PeersTestOptions.names) + PeerNetworkOptions.names + TestOptions.names,
        switches: prefixed("beacon-", BeaconTestOptions.switches) + prefixed("mev-", MEVTestOptions.switches)
            + PeerNetworkOptions.switches + TestOptions.switches,
        noneIfEmpty: ["p2p-relays"])

    private static func prefixed(_ prefix: String, _ names: [String]) -> [String] { names.map { prefix + $0 } }

    func run() async throws {
        let logger = try network.logger()
        let (beacon, validator, mev, infra, peers) = (
            beacon.options, validator.options, mev.options, infra.options, peers.options
        )
        let network = network
        try await common.run("all") { session in
            // All flags are looked at before anything is tested.
            let tests = [
                try beacon.test([], session, prefix: "beacon-"), try validator.test([], session, prefix: "validator-"),
                try mev.test([], session, prefix: "mev-"), try infra.test([], prefix: "infra-"),
            ]
            let peersTest = try await peers.test(network, session, prefix: "peers-", logger: logger)
            for test in tests { await session.run(test) }
            try await peers.run(peersTest, [], session)
        }
    }
}

struct PrefixedBeaconOptions: ParsableArguments {
    @Option(help: "Beacon nodes, comma-separated URLs.") var beaconEndpoints: [String] = []
    @Flag(help: "Put load on the nodes.") var beaconLoadTest = false
    @Option(help: "How long to ping under load.", transform: duration) var beaconLoadTestDuration =
        Duration.seconds(5)
    @Option(help: "Slots that each simulation takes.") var beaconSimulationDurationInSlots = 32
    @Option(help: "Directory for <N>-validators.json.") var beaconSimulationFileDir = "./"
    @Flag(help: "Write the time of every request of a simulation.") var beaconSimulationVerbose = false
    @Option(help: "Simulate a cluster of so many validators, too.") var beaconSimulationCustom = 0

    var options: BeaconTestOptions {
        var options = BeaconTestOptions()
        options.endpoints = beaconEndpoints
        options.loadTest = beaconLoadTest
        options.loadTestDuration = beaconLoadTestDuration
        options.simulationDurationInSlots = beaconSimulationDurationInSlots
        options.simulationFileDir = beaconSimulationFileDir
        options.simulationVerbose = beaconSimulationVerbose
        options.simulationCustom = beaconSimulationCustom
        return options
    }
}

struct PrefixedValidatorOptions: ParsableArguments {
    @Option(help: "Where the validator client listens, host:port.") var validatorValidatorApiAddress = "127.0.0.1:3600"
    @Option(help: "How long to load it.", transform: duration) var validatorLoadTestDuration = Duration.seconds(5)

    var options: ValidatorTestOptions {
        var options = ValidatorTestOptions()
        options.validatorApiAddress = validatorValidatorApiAddress
        options.loadTestDuration = validatorLoadTestDuration
        return options
    }
}

struct PrefixedMEVOptions: ParsableArguments {
    @Option(help: "Relays, comma-separated URLs.") var mevEndpoints: [String] = []
    @Flag(help: "Ask for blocks.") var mevLoadTest = false
    @Option(help: "Beacon node that knows the chain, for --mev-load-test.") var mevBeaconNodeEndpoint = ""
    @Option(help: "Blocks to ask for.") var mevNumberOfPayloads = 1
    @Option(help: "Milliseconds that a relay is given for its bid.") var mevXTimeoutMs = 1000

    var options: MEVTestOptions {
        var options = MEVTestOptions()
        options.endpoints = mevEndpoints
        options.loadTest = mevLoadTest
        options.beaconNodeEndpoint = mevBeaconNodeEndpoint
        options.numberOfPayloads = mevNumberOfPayloads
        options.xTimeoutMs = mevXTimeoutMs
        return options
    }
}

struct PrefixedInfraOptions: ParsableArguments {
    @Option(help: "Directory to test the disk in; this user's if not given.") var infraDiskIoTestFileDir = ""
    @Option(help: "Block size of the disk's tests, in kB.") var infraDiskIoBlockSizeKb = 4096
    @Option(help: .hidden) var infraInternetTestServersOnly: [String] = []
    @Option(help: .hidden) var infraInternetTestServersExclude: [String] = []

    var options: InfraTestOptions {
        var options = InfraTestOptions()
        options.diskIoTestFileDir = infraDiskIoTestFileDir
        options.diskIoBlockSizeKb = infraDiskIoBlockSizeKb
        options.internetTestServersOnly = infraInternetTestServersOnly
        options.internetTestServersExclude = infraInternetTestServersExclude
        return options
    }
}

struct PrefixedPeersOptions: ParsableArguments {
    @Option(help: "ENRs of all operators, comma-separated.") var peersEnrs: [String] = []
    @Option(help: "Cluster lock, instead of --peers-enrs.") var peersLockFile = ""
    @Option(help: "Cluster definition, a path or URL, instead of --peers-enrs.") var peersDefinitionFile = ""
    @Option(help: "This operator's identity key.") var peersPrivateKeyFile = ".charon/charon-enr-private-key"
    @Option(help: "How long to stay, so that others can test too.", transform: duration) var peersKeepAlive =
        Duration.seconds(1800)
    @Option(help: "How long to load each peer.", transform: duration) var peersLoadTestDuration = Duration.seconds(30)
    @Option(help: "How long to wait for a direct connection.", transform: duration)
    var peersDirectConnectionTimeout = Duration.seconds(120)

    var options: PeersTestOptions {
        var options = PeersTestOptions()
        options.enrs = peersEnrs
        options.lockFile = peersLockFile
        options.definitionFile = peersDefinitionFile
        options.privateKeyFile = peersPrivateKeyFile
        options.keepAlive = peersKeepAlive
        options.loadTestDuration = peersLoadTestDuration
        options.directConnectionTimeout = peersDirectConnectionTimeout
        return options
    }
}
