import ArgumentParser
import Cluster

/// `--network` and the flags of private networks.
struct NetworkOptions: ParsableArguments {
    @Option(help: "mainnet, hoodi, sepolia, gnosis, chiado, goerli, holesky.") var network = "mainnet"
    @OptionGroup var testnet: TestnetOptions

    static let names = ["network"] + TestnetOptions.names

    var flags: NetworkFlags {
        var flags = testnet.flags
        flags.name = network
        return flags
    }

    func warnIfIncomplete() {
        if flags.isIncomplete {
            note("warning: --testnet-* flags do nothing unless all four are set: --network \(network) is used")
        }
    }
}

/// The flags of private networks.
struct TestnetOptions: ParsableArguments {
    @Option(help: "Private test network: name.") var testnetName = ""
    @Option(help: "Private test network: genesis fork version, e.g. 0x10000038.") var testnetForkVersion = ""
    @Option(help: "Private test network: chain id.") var testnetChainId: UInt64 = 0
    @Option(help: "Private test network: genesis time, Unix seconds.") var testnetGenesisTimestamp: UInt64 = 0

    static let names = [
        "testnet-name", "testnet-fork-version", "testnet-chain-id", "testnet-genesis-timestamp",
    ]

    var flags: NetworkFlags {
        var flags = NetworkFlags()
        flags.testnetName = testnetName
        flags.testnetForkVersion = testnetForkVersion
        flags.testnetChainID = testnetChainId
        flags.testnetGenesisTime = testnetGenesisTimestamp
        return flags
    }
}
