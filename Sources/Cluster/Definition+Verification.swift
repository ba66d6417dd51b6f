import Ethereum
import SSZ
import Secp256k1

extension Definition {
    /// Whether both stored hashes are those of the content.
    package func verifyHashes() throws(ClusterError) {
        guard try computedConfigHash() == configHash else {
            throw .verification(field: "config_hash", "invalid config hash: the definition was changed after hashing")
        }
        guard try computedDefinitionHash() == definitionHash else {
            throw .verification(
                field: "definition_hash", "invalid definition hash: the definition was changed after hashing")
        }
    }

    /// Whether all operators and the creator signed, or none did, or only the creator ("solo").
    ///
    /// Accounts are externally owned: a contract's signature needs an execution client and a version that has them.
    /// - Parameter network: a custom network, besides the built-in ones. Source: spec/cluster-files.md §9.2.
    package func verifySignatures(customNetwork network: Network?) throws(ClusterError) {
        let chainID = try self.network(custom: network).chainID
        let configHash = configHash.hex
        var unsigned = 0
        for (i, item) in operators.enumerated() {
            let field = "operators[\(i)]"
            if item.isUnsigned {
                unsigned += 1
                continue
            }
            guard !item.enrSignature.isEmpty else {
                throw .verification(field: field + ".enr_signature", "empty operator enr signature")
            }
            guard !item.configSignature.isEmpty else {
                throw .verification(field: field + ".config_signature", "empty operator config signature")
            }
            try Self.check(
                item.configSignature, by: item.address, .operatorConfigHash(configHash), chainID,
                field + ".config_signature")
            try Self.check(item.enrSignature, by: item.address, .enr(item.enr), chainID, field + ".enr_signature")
        }
        guard unsigned == 0 || unsigned == operators.count else {
            throw .verification(field: "operators", "some operators signed while others did not")
        }
        guard !creator.address.isEmpty || !creator.configSignature.isEmpty else {
            guard unsigned == operators.count else {
                throw .verification(field: "creator", "operators signed while creator did not")
            }
            return
        }
        try Self.check(
            creator.configSignature, by: creator.address, .creatorConfigHash(configHash), chainID,
            "creator.config_signature")
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

    private static func check(
        _ signature: [UInt8], by address: String, _ message: EIP712, _ chainID: UInt64, _ field: String
    ) throws(ClusterError) {
        guard let signature = Bytes65(signature) else {
            throw .verification(field: field, "\(signature.count) bytes, a signature has 65")
        }
        guard let address = EthereumAddress(address) else {
            throw .verification(field: field, "the signer's address \"\(address)\" is not 0x and 40 hex digits")
        }
        let signer: Secp256k1.PublicKey
        do throws(Secp256k1Error) {
            signer = try .recover(digest: message.digest(chainID: chainID), signature: signature)
        } catch {
            throw .verification(field: field, "not a signature (\(error))")
        }
        guard EthereumAddress(signer) == address else {
            throw .verification(field: field, "signed by \(EthereumAddress(signer)), not by \(address)")
        }
    }
}
