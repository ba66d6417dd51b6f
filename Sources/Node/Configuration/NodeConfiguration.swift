import BeaconAPI
import Cluster
import ClusterSetup
import Foundation
import Program

/// What the operator decided. Flags of operations.md §2; checked by `validate` before anything is opened.
package struct NodeConfiguration: Sendable {
    /// Who makes this node's partial signatures.
    package enum Signing: String, Sendable, CaseIterable {
        /// A validator client, through the validator API.
        case off
        /// The node itself, with the key shares of keystores.
        case keystores
        /// Remote signers that hold this operator's key shares.
        case remote
    }

    package static let defaultValidatorKeysDirectory = ".charon/validator_keys"

    package var lockFile = ".charon/cluster-lock.json"
    package var privateKeyFile = ".charon/charon-enr-private-key"
    /// Whether a note beside the identity key keeps a second process off it.
    package var isLockingPrivateKey = false
    package var isVerifyingLock = true
    /// JSON-RPC of an execution client, asked when contract wallets signed the lock. Empty: nobody is asked.
    package var executionClientEndpoint = ""
    /// Of a private network; its `name` is not looked at.
    package var testnet = NetworkFlags()
    /// SQLite file with everything that was decided and signed. Never delete it while validators are active.
    package var journalFile = ".charon/styx-journal.sqlite"
    /// Whether a new journal is trusted to know of every earlier signature; see `FreshJournal`.
    package var acceptsNewJournal = false
    package var beaconNodeEndpoints: [String] = []
    package var fallbackBeaconNodeEndpoints: [String] = []
    package var beaconNodeTimeout: Duration = .seconds(2)
    package var beaconNodeSubmitTimeout: Duration = .seconds(2)
    /// `name=value`.
    package var beaconNodeHeaders: [String] = []
    /// Whether builders' blocks are preferred, and builders told of the validators. The same on all nodes of a cluster.
    package var usesBuilder = false
    /// Texts of blocks: one for all validators, or one for each in the lock's order. None: this program's name.
    package var graffitiTexts: [String] = []
    /// Whether letters for this program and the beacon node's are appended to them.
    package var isTaggingGraffiti = true
    /// Builder registrations that the cluster signed after its lock was made. Need not exist.
    package var overridesFile = ".charon/\(RegistrationOverrides.name)"
    /// Whether registrations that the operators agreed on are fetched from `publishAddress`.
    package var fetchesFeeRecipientUpdates = false
    package var publishAddress = ObolAPI.defaultAddress
    package var publishTimeout = ObolAPI.defaultTimeout
    /// `ip:port`.
    package var validatorAPIAddress = "127.0.0.1:3600"
    /// PEM files, both or neither; plain HTTP without.
    package var validatorAPICertificateFile = ""
    package var validatorAPIKeyFile = ""
    /// `ip:port` of `/metrics`, `/livez`, `/readyz` and `/enr`; empty for none.
    package var monitoringAddress = ""
    /// `ip:port` of the page for people and of the pages for debugging; empty for none.
    package var debugAddress = ""
    /// A `/proc` where clients' processes are looked for; empty for none.
    package var procDirectory = ""
    package var tracing = TracingFlags()
    package var signing = Signing.off
    /// nil: `defaultValidatorKeysDirectory`. For keystores.
    package var validatorKeysDirectory: String?
    package var remoteSigner = RemoteSignerFlags()
    /// `ip:port` of the keymanager API; empty for none. For a node that signs by itself.
    package var keymanagerAddress = ""
    /// Made if it is not there.
    package var keymanagerTokenFile = ".charon/keymanager-api-token.txt"
    /// `ip:port` each; none means outgoing connections only.
    package var p2pTCPAddresses: [String] = []
    /// `/ip4/…/tcp/…/p2p/16Uiu2…` each.
    package var p2pPeers: [String] = []
    package var p2pExternalIP: String?
    package var p2pExternalHostname: String?
    /// URLs and multiaddrs of circuit relays; none: only direct connections.
    package var p2pRelays: [String] = []
    /// For QUIC, which is not offered.
    package var p2pUDPAddresses: [String] = []
    /// Dials relays from the listening port, and punches holes.
    package var isReusingPort = true
    package var nickname = ""
    package var features = FeatureSet()

    package init() {}

    /// - Throws: `ConfigurationError` naming the flag, what is wrong and what would be right.
    package func validate() throws(ConfigurationError) {
        if beaconNodeEndpoints.isEmpty {
            throw ConfigurationError(
                flag: "beacon-node-endpoints", what: "is missing",
                cure: "give at least one beacon node, e.g. http://localhost:5052")
        }
        if nickname.utf8.count > 32 {
            throw ConfigurationError(
                flag: "nickname", what: "has \(nickname.utf8.count) bytes", cure: "use at most 32")
        }
        for header in beaconNodeHeaders where !header.contains("=") || header.hasPrefix("=") {
            throw ConfigurationError(
                flag: "beacon-node-headers", what: "has an entry that is not name=value",
                cure: "write e.g. Authorization=secret")
        }
        for (flag, timeout) in [
            ("beacon-node-timeout", beaconNodeTimeout), ("beacon-node-submit-timeout", beaconNodeSubmitTimeout),
            ("publish-timeout", publishTimeout),
        ] where timeout <= .zero {
            throw ConfigurationError(flag: flag, what: "is not above zero", cure: "use e.g. 2s")
        }
        if fetchesFeeRecipientUpdates { _ = try publishURL() }
        _ = try tracing.collector()
        try graffiti.validate()
        try remoteSigner.validate(isUsed: signing == .remote)
        if signing == .remote, validatorKeysDirectory != nil {
            throw ConfigurationError(
                flag: "validator-keys-dir", what: "is given beside --signer remote, which opens no keystores",
                cure: "leave it out, or use --signer keystores")
        }
        _ = try SocketAddressText(validatorAPIAddress, flag: "validator-api-address")
        try validateTLSFiles()
        if !monitoringAddress.isEmpty { _ = try SocketAddressText(monitoringAddress, flag: "monitoring-address") }
        try validateKeymanager()
        if !debugAddress.isEmpty { _ = try SocketAddressText(debugAddress, flag: "debug-address") }
        _ = try listenAddresses()
        for address in p2pUDPAddresses { _ = try SocketAddressText(address, flag: "p2p-udp-address") }
        _ = try announcedAddresses()
    }

    /// Files that flags name, but for those of the cluster and the journal.
    var namedFiles: [String] {
        let signer = [
            remoteSigner.authorityFile, remoteSigner.certificateFile, remoteSigner.keyFile,
            remoteSigner.keyPasswordFile,
            remoteSigner.keyStoreFile, remoteSigner.keyStorePasswordFile,
        ]
        return ([overridesFile, keymanagerTokenFile, validatorAPICertificateFile, validatorAPIKeyFile] + signer)
            .filter { !$0.isEmpty }
    }

    var graffiti: Graffiti { Graffiti(texts: graffitiTexts, isTagged: isTaggingGraffiti) }
}

/// Beacon node, relay and execution client addresses carry passwords and API keys, headers too: none of them is printed.
extension NodeConfiguration: CustomStringConvertible, CustomReflectable {
    package var description: String { "configuration for \(lockFile)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
