import BLS
import Cluster
import DutyWorkflow
import Ethereum
import KeymanagerAPI
import Program
import RemoteSigner
import SSZ
import Timing
import ValidatorAPI

/// The keymanager API of a node that signs by itself: listens from the node's first second on.
extension StyxNode {
    /// What opens and signs for the keymanager's clients, while a node works.
    struct KeymanagerWork: Sendable {
        let server: KeymanagerServer
        let threads: CryptoThreads

        func stop() async {
            server.close("the node stops")
            try? await threads.shutdown()
        }
    }

    /// nil if the API is off. Makes the token's file where there is none.
    func keymanagerServer() throws(ConfigurationError) -> KeymanagerServer? {
        guard let keymanager = try configuration.keymanager(tls: tls) else { return nil }
        let logger = topic("keymanager")
        let tokenFile = configuration.keymanagerTokenFile
        if FileAccess.isReadableByOthers(tokenFile) {
            logger.warning(
                "others may read the keymanager API's token: who has it can take keys away and sign exits",
                metadata: ["path": "\(tokenFile)", "cure": "chmod 600 \(tokenFile)"])
        }
        let isLocal = keymanager.host.hasPrefix("127.") || keymanager.host == "::1"
        if !isLocal, keymanager.tls == nil {
            logger.warning(
                "the keymanager API listens beyond this machine without TLS: keys and token can be read on the way",
                metadata: [
                    "address": "\(configuration.keymanagerAddress)",
                    "cure": "listen on 127.0.0.1, or give --vc-tls-cert-file and --vc-tls-key-file",
                ])
        }
        return KeymanagerServer(keymanager, logger: logger)
    }

    /// - Throws: if the address cannot be listened on.
    func serve(_ server: KeymanagerServer) async throws {
        do {
            try await server.run { port in
                hooks.keymanagerListens(port)
                topic("keymanager").info(
                    "keymanager API is listening",
                    metadata: [
                        "port": "\(port)", "tls": "\(tls == nil ? "off" : "on")",
                        "token_file": "\(configuration.keymanagerTokenFile)",
                    ])
            }
        } catch let error where !(error is CancellationError) {
            throw ConfigurationError(
                flag: "keymanager-address", address: configuration.keymanagerAddress, cannotListen: error)
        }
    }

    /// Remote keys that the operator took out of use. Also without the API: they stay so.
    func retiredKeys() throws(ConfigurationError) -> RetiredKeys? {
        guard configuration.signing == .remote else { return nil }
        return try RetiredKeys(path: configuration.journalFile + ".retired-keys.json")
    }

    /// Lets requests through to the node's keys.
    func open(
        _ server: KeymanagerServer?, _ signer: Signer?, _ tools: SigningTools, _ opened: OpenedShares?,
        _ retired: RetiredKeys?, _ runtime: NodeRuntime, _ validators: ActiveValidators,
        _ registrations: OwnRegistrations, _ settings: ValidatorSettings?,
        _ texts: @escaping @Sendable () -> [PubKey: Bytes32]
    ) -> KeymanagerWork? {
        guard let server, let signer, let settings else { return nil }
        let store: Keymanager.Store
        if let client = tools.remote, let retired {
            store = .remote(client, retired)
        } else {
            store = .keystores(directory: validatorKeysDirectory)
        }
        let driver = runtime.driver
        let threads = CryptoThreads(threads: 1)
        let hands = Keymanager.Hands(
            heed: { try await driver.heed($0) },
            history: { validators in
                guard case .slashingHistory(let history) = try await driver.ask(.slashingHistory(validators)) else {
                    throw CancellationError()
                }
                return history
            },
            feeRecipient: { registrations.book.current.feeRecipients[$0] },
            registration: { registrations.book.current.signed[$0]?.message },
            graffiti: { texts()[$0] },
            graffitiBytesMax: configuration.graffiti.textBytesMax, settings: settings,
            changed: {
                driver.post(.graffiti(texts()))
                registrations.announce()
            },
            exit: { try await Self.exit($0, $1, signer, validators, runtime.chain) })
        server.open(
            Keymanager(
                shares: OwnShares(cluster.clusterKeys, own: cluster.own), ring: signer.ring, store: store,
                files: opened?.files ?? [:], genesisValidatorsRoot: runtime.chain.domains.genesisValidatorsRoot,
                hands: hands, threads: threads, logger: topic("keymanager")))
        return KeymanagerWork(server: server, threads: threads)
    }

    /// How long a client waits for an exit.
    private static let exitTimeout = Duration.seconds(30)

    /// A partial exit, which goes nowhere by itself.
    private static func exit(
        _ pubKey: PubKey, _ epoch: Epoch?, _ signer: Signer, _ validators: ActiveValidators, _ chain: ChainView
    ) async throws -> SignedVoluntaryExit {
        guard let row = try await validators.known().first(where: { $0.validator.pubKey == pubKey }) else {
            throw KeymanagerFault(404, "the beacon node does not know validator \(pubKey.hex)")
        }
        guard row.status.isActive else {
            throw KeymanagerFault(400, "validator \(pubKey.hex) is not active: its status is \(row.status.rawValue)")
        }
        let slot = chain.clock.currentSlot(at: SystemClock.now())
        let message = VoluntaryExit(epoch: epoch ?? chain.clock.epoch(of: slot), validatorIndex: row.index)
        let entry = EntryKey(pubKey)
        let object = SignedData.exit(SignedVoluntaryExit(message: message, signature: .zero))
        let (outcomes, sink) = AsyncStream.makeStream(of: Signer.Outcome.self, bufferingPolicy: .bufferingOldest(64))
        signer.sign(Duty(slot: slot, type: .exit), [entry: object]) { sink.yield($0) }
        do {
            return try await withDeadline(exitTimeout) {
                for await outcome in outcomes {
                    if case .exit(let signed)? = outcome.signed[entry]?.data { return signed }
                    if let failure = outcome.failures[entry] { throw KeymanagerFault(500, "\(failure)") }
                }
                throw CancellationError()
            }
        } catch is DeadlineExceeded {
            throw KeymanagerFault(500, "no signer made the signature within 30 s; the node's log says why")
        }
    }
}
