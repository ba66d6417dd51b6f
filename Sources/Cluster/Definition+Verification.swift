import Ethereum
import SSZ
import Secp256k1

extension Definition {
    /// Looks at everything: both hashes, then whether all operators and the creator signed, or none did, or only the
    /// creator ("solo"). Source: spec/cluster-files.md §9.
    ///
    /// - Parameter network: a custom network, besides the built-in ones.
    package func verification(customNetwork network: Network?) -> Verification {
        var report = Verification()
        verifyHashes(&report, "")
        verifySignatures(&report, "", customNetwork: network)
        return report
    }

    /// Whether both stored hashes are those of the content.
    ///
    /// - Parameter prefix: where the definition stands in its file.
    func verifyHashes(_ report: inout Verification, _ prefix: String) {
        report.attempt(.configHash, prefix + "config_hash") { () throws(ClusterError) in
            try Self.compare(computedConfigHash, configHash, "config", prefix)
        }
        report.attempt(.definitionHash, prefix + "definition_hash") { () throws(ClusterError) in
            try Self.compare(computedDefinitionHash, definitionHash, "definition", prefix)
        }
    }

    private static func compare(
        _ compute: () throws(ClusterError) -> Root, _ stored: Root, _ name: String, _ prefix: String
    ) throws(ClusterError) {
        let computed: Root
        do throws(ClusterError) { computed = try compute() } catch { throw error.inside(prefix) }
        guard computed == stored else {
            throw .verification(
                field: "\(prefix)\(name)_hash", "invalid \(name) hash: the definition was changed after hashing")
        }
    }

    /// Contracts are left to be asked.
    func verifySignatures(_ report: inout Verification, _ prefix: String, customNetwork: Network?) {
        let operatorsField = prefix + "operators"
        guard version.hasAccountSignatures else {
            if operators.allSatisfy({ $0.configSignature.isEmpty && $0.enrSignature.isEmpty }) {
                report.add(.operatorConfigSignature, operatorsField, .skipped("\(version.rawValue) has none"))
            } else {
                report.fail(
                    .operatorConfigSignature, operatorsField,
                    "older version signatures not supported: \(version.rawValue) was not signed in a known way")
            }
            return
        }
        let network = report.attempt(.network, prefix + "fork_version") { () throws(ClusterError) in
            do throws(ClusterError) { return try self.network(custom: customNetwork) } catch {
                throw error.inside(prefix)
            }
        }
        guard let chainID = network?.chainID else {
            report.add(.operatorConfigSignature, operatorsField, .skipped("the chain is unknown"))
            return
        }
        for i in operators.indices where !operators[i].isUnsigned {
            verifyOperator(&report, i, "\(operatorsField)[\(i)]", chainID)
        }
        let unsigned = operators.count(where: \.isUnsigned)
        if unsigned == operators.count {
            report.add(.operatorConfigSignature, operatorsField, .skipped("no operator signed"))
        } else if unsigned > 0 {
            report.fail(.signers, operatorsField, "some operators signed while others did not")
        } else {
            report.add(.signers, operatorsField, .passed)
        }
        verifyCreator(&report, prefix + "creator", chainID, isOnlyOne: unsigned == operators.count)
    }

    private func verifyOperator(_ report: inout Verification, _ i: Int, _ field: String, _ chainID: UInt64) {
        let item = operators[i]
        let configField = field + ".config_signature"
        let enrField = field + ".enr_signature"
        if item.enrSignature.isEmpty {
            report.fail(.operatorENRSignature, enrField, "empty operator enr signature")
        }
        if item.configSignature.isEmpty {
            report.fail(.operatorConfigSignature, configField, "empty operator config signature")
        }
        guard !item.enrSignature.isEmpty, !item.configSignature.isEmpty else { return }
        let message = version.operatorMessage(configHash: configHash.hex)
        report.add(
            .operatorConfigSignature, configField,
            check(item.configSignature, by: item.address, message.digest(chainID: chainID), configField))
        report.add(
            .operatorENRSignature, enrField,
            check(item.enrSignature, by: item.address, EIP712.enr(item.enr).digest(chainID: chainID), enrField))
    }

    private func verifyCreator(
        _ report: inout Verification, _ subject: String, _ chainID: UInt64, isOnlyOne: Bool
    ) {
        let field = subject + ".config_signature"
        switch (version.hasCreator, creator.isBlank) {
        case (false, true): break
        case (false, false): report.fail(.creatorSignature, subject, "\(version.rawValue) has no creator")
        case (true, true) where isOnlyOne: report.add(.creatorSignature, subject, .skipped("the creator did not sign"))
        case (true, true): report.fail(.creatorSignature, subject, "operators signed while creator did not")
        case (true, false):
            let digest = EIP712.creatorConfigHash(configHash.hex).digest(chainID: chainID)
            report.add(.creatorSignature, field, check(creator.configSignature, by: creator.address, digest, field))
        }
    }

    /// The network that the fork version names.
    package func network(custom: Network?) throws(ClusterError) -> Network {
        guard let network = Network.with(genesisForkVersion: forkVersion, custom: custom) else {
            throw .verification(
                field: "fork_version",
                "\(forkVersion.hex) is no network known here; describe a private one with the --testnet-* flags")
        }
        return network
    }

    /// What is not an account's own signature may be a contract's. Source: spec/cluster-files.md §8.1.
    private func check(
        _ signature: [UInt8], by address: String, _ digest: Bytes32, _ field: String
    ) -> Check.Result {
        func failed(_ reason: String) -> Check.Result { .failed(.verification(field: field, reason)) }
        guard !signature.isEmpty, version.allowsSignature(byteCount: signature.count) else {
            let rule = version.hasSignatureLists ? "65 for each owner, for 32 owners at most" : "65"
            return failed("\(signature.count) bytes, a signature has \(rule)")
        }
        guard let signer = EthereumAddress(address) else {
            return failed("the signer's address \"\(address)\" is not 0x and 40 hex digits")
        }
        let reason: String
        if let single = Bytes65(signature) {
            do throws(Secp256k1Error) {
                let found = EthereumAddress(try PublicKey.recover(digest: digest, signature: single))
                if found == signer { return .passed }
                reason = "signed by \(found), not by \(signer)"
            } catch {
                reason = "not a signature (\(error))"
            }
        } else {
            reason = "\(signature.count) bytes, so a signature by the contract \(signer)"
        }
        let cure = "if \(signer) is a contract, --execution-client-rpc-endpoint lets it be asked"
        return .needsContract(
            ContractCall(address: signer, digest: digest, signature: signature),
            otherwise: .verification(field: field, "\(reason); \(cure)"))
    }
}
