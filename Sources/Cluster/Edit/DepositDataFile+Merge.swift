import Ethereum
import SSZ

/// Deposit files of validators that a cluster has, to which those of new ones are added. Source: spec/dkg.md §7.
extension DepositDataFile {
    private static let prefix = "deposit-data"
    /// 65 536 validators take some 60 MB.
    private static let bytesMax = 128 << 20

    /// The files of a directory, one for each amount; their signatures hold.
    ///
    /// - Parameters:
    ///   - amounts: of the cluster's deposits, ascending.
    ///   - validators: the lock's; each has one deposit in each file.
    package static func load(
        _ directory: String, amounts: [Gwei], network: Network, validators: [DistributedValidator]
    ) throws(ClusterError) -> [DepositDataFile] {
        let names = try FileAccess.names(in: directory).filter { $0.hasPrefix(prefix) && $0.hasSuffix(".json") }
        guard names.count == amounts.count else {
            throw .option(
                "--lock-file",
                "\(names.count) files \(prefix)*.json in \(directory), but the cluster signs deposits of \(amounts.count)"
                    + " \(amounts.count == 1 ? "amount" : "amounts"): have exactly these files beside the lock, for the new"
                    + " deposits are added to them")
        }
        var files: [DepositDataFile] = []
        for amount in amounts {
            let path = FileAccess.join(directory, name(of: amount))
            let bytes = try FileAccess.read(path, bytesMax: bytesMax)
            do throws(ClusterError) {
                let file = try DepositDataFile(json: bytes, amount: amount, network: network)
                try file.check(validators)
                files.append(file)
            } catch {
                throw .inFile(path, error)
            }
        }
        return files
    }

    init(json bytes: [UInt8], amount: Gwei, network: Network) throws(ClusterError) {
        let json = try JSONValue(clusterFile: bytes, bytesMax: Self.bytesMax)
        guard let items = json.array, items.count <= FileLimits.validators else {
            throw .field("deposit data", "expected an array of at most \(FileLimits.validators) deposits")
        }
        var deposits: [DepositData] = []
        deposits.reserveCapacity(items.count)
        for (i, item) in items.enumerated() {
            let members = try JSONMembers(item, path: "deposit data[\(i)]")
            let version: Bytes4 = try members.fixed("fork_version")
            guard version == network.genesisForkVersion else {
                throw .field(members.path("fork_version"), "\(version.hex) is not \(network.name)'s")
            }
            deposits.append(
                DepositData(
                    pubKey: try members.fixed("pubkey"),
                    withdrawalCredentials: try members.fixed("withdrawal_credentials"),
                    amount: Gwei(try members.uint64("amount")), signature: try members.fixed("signature")))
        }
        try self.init(deposits, amount: amount, network: network)
    }

    private func check(_ validators: [DistributedValidator]) throws(ClusterError) {
        let found = deposits.map { $0.pubKey.bytes }
        guard Set(found) == Set(validators.map(\.publicKey)), found.count == validators.count else {
            throw .field(
                "deposit data", "not one deposit for each of the \(validators.count) validators of the lock")
        }
    }

    /// With those of new validators of the same amount.
    package func merged(with new: DepositDataFile) throws(ClusterError) -> DepositDataFile {
        precondition(new.amount == amount && new.network == network)
        return try DepositDataFile(deposits + new.deposits, amount: amount, network: network)
    }
}
