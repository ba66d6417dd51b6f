extension ClusterCreation {
    /// Writes `node0`, `node1`, … into the cluster directory, all or nothing.
    ///
    /// - Parameters:
    ///   - directory: made with its parents if missing.
    ///   - concurrency: threads for the keystores, 54 ms each at secure cost.
    package func write(
        to directory: String, concurrency: Int, using generator: inout some RandomNumberGenerator
    ) throws(ClusterError) {
        let stage = try stage(
            in: directory, keystores: true, concurrency: concurrency, progress: { _, _ in true }, using: &generator)
        try stage.commit()
    }

    /// Writes everything, but not yet where it belongs.
    ///
    /// - Parameters:
    ///   - keystores: false when a keymanager gets the keys.
    ///   - progress: counts keystores of all nodes; false ends it with an error.
    package func stage(
        in directory: String, keystores: Bool, concurrency: Int, progress: @escaping WorkProgress,
        using generator: inout some RandomNumberGenerator
    ) throws(ClusterError) -> ClusterStage {
        let stage = try ClusterStage(in: directory, nodes: nodes.count, using: &generator)
        do throws(ClusterError) {
            let lockBytes = try lock.encoded()
            let total = nodes.count * lock.validators.count
            for (i, node) in nodes.enumerated() {
                let before = i * lock.validators.count
                try stage.write(
                    i,
                    ClusterStage.Node(
                        identity: node, keystoreCost: keystores ? keystoreCost : nil, depositFiles: depositFiles,
                        lock: lockBytes),
                    threads: concurrency, progress: { done, _ in progress(before + done, total) }, using: &generator)
            }
        } catch {
            stage.discard()
            throw error
        }
        return stage
    }

    package var keystoreCost: Keystore.Cost { insecureKeys ? .insecure : .secure }

    /// What `create cluster` prints. Its form is Charon's, for scripts that read it.
    ///
    /// - Parameters:
    ///   - directory: absolute.
    ///   - keystores: whether they are on disk.
    ///   - archive: the file that holds everything, if it was asked for.
    package func summary(directory: String, keystores: Bool = true, archive: String? = nil) -> String {
        let root = directory.hasSuffix("/") ? directory : directory + "/"
        var text = isSplit ? Self.splitWarning : ""
        text += """
            Created charon cluster:
             --split-existing-keys=\(isSplit)

            \(root)
            ├─ node[0-\(nodes.count - 1)]/\t\t\tDirectory for each node
            │  ├─ charon-enr-private-key\tCharon networking private key for node authentication
            │  ├─ cluster-lock.json\t\tCluster lock defines the cluster lock file which is signed by all nodes
            │  ├─ deposit-data-*.json\tDeposit data files are used to activate a Distributed Validator on the DV Launchpad

            """
        if keystores {
            text += """
                │  ├─ validator_keys\t\tValidator keystores and password
                │  │  ├─ keystore-*.json\tValidator private share key for duty signing
                │  │  ├─ keystore-*.txt\t\tKeystore password files for keystore-*.json

                """
        }
        if let archive { text += "\nAll of it is packed in \(archive); unpack it with: tar -xzf \(archive)\n" }
        return text
    }

    private static let splitWarning = """

        ***************** WARNING: Splitting keys **********************
         Please make sure any existing validator has been shut down for
         at least 2 finalized epochs before starting the charon cluster,
         otherwise slashing could occur.                              \u{20}
        ****************************************************************


        """
}
