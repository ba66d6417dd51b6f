import BLS
import Cluster
import ClusterSetup
import Ethereum
import SSZ

/// More deposits for validators that exist: `styx deposit …`. Source: spec/cli-create.md §9.
package struct Deposits: Sendable {
    private let cluster: VerifiedCluster
    private let api: ObolAPI
    private let notes: CommandNotes
    private static let keysOption = "--validator-public-keys"
    private static let gweiPerETH: UInt64 = 1_000_000_000

    package init(_ cluster: VerifiedCluster, _ api: ObolAPI, notes: CommandNotes) {
        self.cluster = cluster
        self.api = api
        self.notes = notes
    }

    /// Signs a deposit of each amount for each validator with this operator's key shares, for the other operators.
    ///
    /// - Parameters:
    ///   - withdrawals: one, or one for each validator; see `WithdrawalTarget`.
    ///   - amounts: whole ETH.
    package func sign(_ pubKeys: [PubKey], withdrawals: [String], amounts: [UInt64], seat: Seat) async throws {
        let positions = try positions(of: pubKeys)
        let targets = try targets(withdrawals, count: pubKeys.count)
        let amounts = try gwei(amounts)
        for (position, target) in zip(positions, targets) { warnIfUnusual(target, position) }
        let shares = try await seat.openShares()
        var open: [(message: DepositMessage, job: Seat.Job)] = []
        for ((pubKey, position), target) in zip(zip(pubKeys, positions), targets) {
            guard let share = shares[position] else {
                throw ClusterError.option(seat.sharesOption, "holds no key share of validator \(pubKey)")
            }
            for amount in amounts {
                let message = DepositMessage(
                    pubKey: pubKey, withdrawalCredentials: target.credentials, amount: amount)
                let job = Seat.Job(
                    position: position, share: share, root: message.signingRoot(cluster.forkVersion),
                    message: .deposit(message, genesisForkVersion: cluster.forkVersion))
                open.append((message, job))
            }
        }
        let signatures = try await seat.sign(open.map(\.job))
        let deposits = try zip(open, signatures).map { item, signature in
            // Who names a validator means it.
            guard let signature else {
                throw ClusterError.option(
                    seat.sharesOption, "no remote signer has the key share of validator \(item.message.pubKey)")
            }
            return DepositData(
                pubKey: item.message.pubKey, withdrawalCredentials: item.message.withdrawalCredentials,
                amount: item.message.amount, signature: signature)
        }
        try await api.submit(deposits, seat)
        for deposit in deposits { notes.say("signed: \(Self.name(deposit))") }
        notes.say(
            "handed over \(String.count(deposits.count, "partial deposit")) to \(api.place), as share"
                + " \(seat.shareIndex)"
        )
    }

    /// Writes deposits that enough operators have signed: a file for each amount, none before all are verified.
    ///
    /// - Parameter directory: made if missing; no file in it is replaced.
    package func fetch(_ pubKeys: [PubKey], to directory: String) async throws {
        let positions = try positions(of: pubKeys)
        var byAmount: [Gwei: [DepositData]] = [:]
        for (pubKey, position) in zip(pubKeys, positions) {
            guard let collected = try await api.deposits(of: pubKey, in: cluster) else {
                throw ClusterError.option(
                    Self.keysOption, "nobody has signed a deposit for \(pubKey); run `deposit sign` first")
            }
            let cluster = cluster
            let (deposits, short) = try await TrustedDealer.onOwnThread {
                try collected.assemble(
                    cluster.keys.validators[position], threshold: cluster.threshold, forkVersion: cluster.forkVersion)
            }
            for (amount, count) in short {
                let reason = "\(count) of the \(cluster.threshold) signatures that are needed"
                guard !deposits.isEmpty else { throw AnswerFault(pubKey, "\(amount) Gwei has \(reason)") }
                notes.warn("validator \(pubKey): \(amount) Gwei left out: \(reason)")
            }
            guard !deposits.isEmpty else { throw AnswerFault(pubKey, "has no amounts") }
            if let target = try? WithdrawalTarget(
                collected.withdrawalCredentials.hex, compounding: cluster.lock.definition.compounding,
                network: cluster.network)
            {
                warnIfUnusual(target, position)
            } else {
                notes.warn("validator \(pubKey): withdrawal credentials \(collected.withdrawalCredentials)")
            }
            for deposit in deposits { byAmount[deposit.amount, default: []].append(deposit) }
        }
        let files = try byAmount.sorted { $0.key < $1.key }.map { amount, deposits throws(ClusterError) in
            try DepositDataFile(deposits, amount: amount, network: cluster.network)
        }
        try write(files, to: directory)
    }

    /// All or none.
    private func write(_ files: [DepositDataFile], to directory: String) throws {
        let made = try FileAccess.createDirectories(directory, mode: 0o755)
        var written: [String] = []
        do {
            for file in files {
                let path = FileAccess.join(directory, file.name)
                try FileAccess.publish(path, file.encoded(), mode: 0o444)
                written.append(path)
            }
        } catch {
            for path in written { FileAccess.remove(path) }
            FileAccess.removeEmptyDirectories(made)
            throw error
        }
        for (file, path) in zip(files, written) {
            for deposit in file.deposits { notes.say("\(Self.name(deposit)): \(path)") }
        }
    }

    // MARK: Checks

    private func positions(of pubKeys: [PubKey]) throws(ClusterError) -> [Int] {
        guard !pubKeys.isEmpty else { throw .option(Self.keysOption, "is missing") }
        guard Set(pubKeys).count == pubKeys.count else { throw .option(Self.keysOption, "names a validator twice") }
        return try pubKeys.map { pubKey throws(ClusterError) in
            try cluster.requirePosition(of: pubKey, Self.keysOption)
        }
    }

    private func targets(_ texts: [String], count: Int) throws(ClusterError) -> [WithdrawalTarget] {
        guard texts.count == 1 || texts.count == count, !texts.isEmpty else {
            throw .option(
                "--withdrawal-addresses", "\(texts.count) given; give one, or one for each of \(count) validators")
        }
        let targets = try texts.map { text throws(ClusterError) in
            try WithdrawalTarget(text, compounding: cluster.lock.definition.compounding, network: cluster.network)
        }
        return targets.count == count ? targets : [WithdrawalTarget](repeating: targets[0], count: count)
    }

    private func gwei(_ amounts: [UInt64]) throws(ClusterError) -> [Gwei] {
        let max: UInt64 = cluster.lock.definition.compounding ? 2048 : 32
        for amount in amounts where !(1...max).contains(amount) {
            throw .option("--deposit-amounts", "\(amount) is not between 1 and \(max) ETH")
        }
        return Set(amounts).sorted().map { Gwei($0 * Self.gweiPerETH) }
    }

    /// The first deposit of a validator decides for ever where its stake goes.
    private func warnIfUnusual(_ target: WithdrawalTarget, _ position: Int) {
        let definition = cluster.lock.definition
        let pubKey = cluster.pubKeys[position]
        if let usual = EthereumAddress(definition.validators[position].withdrawal), usual != target.address {
            notes.warn(
                "validator \(pubKey): withdrawals go to \(target.address), but the cluster lock says \(usual)")
        }
        if target.isCompounding != definition.compounding {
            notes.warn(
                "validator \(pubKey): withdrawal credentials begin with 0x0\(target.isCompounding ? 2 : 1), but the"
                    + " cluster's validators are \(definition.compounding ? "" : "not ")compounding")
        }
    }

    private static func name(_ deposit: DepositData) -> String {
        "deposit of \(deposit.amount) Gwei for validator \(deposit.pubKey), withdrawal credentials"
            + " \(deposit.withdrawalCredentials)"
    }
}
