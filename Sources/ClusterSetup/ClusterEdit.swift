import BLS
import Cluster
import Ethereum
import Secp256k1

/// A change of a running cluster, read and checked up to the first byte that would be sent. Source: spec/dkg.md §7, §9,
/// spec/cli-create.md §11.
package struct ClusterEdit: Sendable {
    /// The flags.
    package struct Request: Sendable {
        package enum Kind: Equatable, Sendable {
            case reshare(ReshareEdit)
            case addition(ValidatorAddition.Request)
        }

        package var kind: Kind
        package var lockFile = ".charon/\(LockFile.name)"
        package var privateKeyFile = ".charon/\(IdentityKeyFile.name)"
        package var validatorKeysDirectory = ".charon/\(KeystoreDirectory.name)"
        package var outputDirectory = EditOutput.defaultDirectory
        /// False (`--no-verify`) turns what does not hold in the lock into warnings.
        package var isVerifying = true
        /// Empty: contracts are not asked.
        package var executionEndpoint = ""
        package var network = NetworkFlags()
        /// For what others have to say in one phase.
        package var timeout = Duration.seconds(60)
        /// Empty: key shares go to disk.
        package var keymanagerAddress = ""
        package var keymanagerToken = ""
        /// Threads for keystores.
        package var concurrency = 1

        package init(_ kind: Kind) { self.kind = kind }
    }

    package enum Plan: Sendable {
        case reshare(ResharePlan)
        case addition(ValidatorAddition)
    }

    package let request: Request
    package let plan: Plan
    package let network: Network
    package let identity: Secp256k1.PrivateKey
    /// This node's, in lock order; nil if it has none.
    package let shares: [SecretKey]?
    /// With which those of added validators are merged.
    package let depositFiles: [DepositDataFile]
    package let warnings: [String]

    /// Opens everything and checks it; nothing is sent, and nothing written.
    ///
    /// - Parameter progress: hears of keystores opened, from any thread.
    package init(
        _ request: Request, web: WebClient,
        progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) async throws {
        try Self.check(request)
        let custom = try request.network.custom()
        var file = try await TrustedDealer.onOwnThread {
            // Before the long work: an output directory in use is the commonest mistake.
            try EditOutput.checkFree(request.outputDirectory)
            return try LockFile.load(request.lockFile, verify: false, customNetwork: custom)
        }
        let questions = ContractQuestions(endpoint: request.executionEndpoint, web: web)
        for (call, answer) in try await questions.answers(to: file.report.contractCalls) { file.answer(call, answer) }
        if request.isVerifying {
            do throws(ClusterError) { try file.report.requirePassed() } catch {
                throw ClusterError.inFile(request.lockFile, error)
            }
        }
        let lock = file
        let read = try await TrustedDealer.onOwnThread(progress) { progress in
            let identity = try IdentityKeyFile.load(request.privateKeyFile)
            let plan = try Self.plan(request, lock, custom, identity.publicKey)
            return (identity, plan, try Self.shares(request, progress))
        }
        (identity, plan, shares) = read
        self.request = request
        network = try lock.lock.definition.network(custom: custom)
        var warnings = lock.warnings.map { "\($0)" }
        switch plan {
        case .reshare(let plan):
            try plan.check(shares: shares, in: request.validatorKeysDirectory)
            warnings += plan.warnings
            depositFiles = []
        case .addition(let addition):
            try addition.check(
                shares: shares, in: request.validatorKeysDirectory, hasKeymanager: !request.keymanagerAddress.isEmpty)
            let directory = FileAccess.parent(of: request.lockFile)
            depositFiles = try await TrustedDealer.onOwnThread {
                try DepositDataFile.load(
                    directory, amounts: addition.amounts, network: addition.network,
                    validators: lock.lock.validators)
            }
            if addition.isUnverified {
                warnings.append(
                    "--unverified: nobody signs the new lock, so that nodes have to run it with --no-verify, which no longer"
                        + " notices a lock that somebody has changed")
            }
        }
        self.warnings = warnings
    }

    /// What the flags say by themselves.
    private static func check(_ request: Request) throws(ClusterError) {
        if case .reshare = request.kind, request.timeout < .seconds(60) {
            throw .option("--timeout", "less than a minute leaves a phase of the ceremony less than 10 seconds")
        }
        guard request.keymanagerAddress.isEmpty == request.keymanagerToken.isEmpty else {
            throw .option(
                request.keymanagerAddress.isEmpty ? "--keymanager-address" : "--keymanager-auth-token",
                "missing: give both or neither")
        }
    }

    private static func plan(
        _ request: Request, _ lock: LockFile, _ custom: Network?, _ identity: Secp256k1.PublicKey
    ) throws(ClusterError) -> Plan {
        switch request.kind {
        case .reshare(let edit): .reshare(try ResharePlan(edit, lock, identity: identity))
        case .addition(let addition):
            .addition(try ValidatorAddition(addition, lock, customNetwork: custom, identity: identity))
        }
    }

    private static func shares(
        _ request: Request, _ progress: @escaping WorkProgress
    ) throws(ClusterError) -> [SecretKey]? {
        let directory = request.validatorKeysDirectory
        guard FileAccess.isTaken(directory) else { return nil }
        do throws(ClusterError) {
            guard try !FileAccess.names(in: directory).isEmpty else { return nil }
            return try KeystoreDirectory.loadSequenced(
                directory, concurrency: request.concurrency, progress: progress)
        } catch {
            throw error.at("--validator-keys-dir", missing: "point it to this operator's key shares")
        }
    }
}
