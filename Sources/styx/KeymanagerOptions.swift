import ArgumentParser
import Node

/// The API by which key shares come and go while a node runs.
struct KeymanagerOptions: ParsableArguments {
    static let names = ["keymanager-address", "keymanager-token-file"]

    @Option(
        help: """
            Keymanager API (Ethereum's standard) of a node that signs by itself, ip:port, e.g. 127.0.0.1:3700. Who has the \
            token can take keys away and sign exits: listen on this machine only. TLS by --vc-tls-cert-file. None if empty.
            """)
    var keymanagerAddress = ""
    @Option(help: "File with the bearer token of the keymanager API; made with a random one if it is not there.")
    var keymanagerTokenFile = NodeConfiguration().keymanagerTokenFile

    func apply(to node: inout NodeConfiguration) {
        node.keymanagerAddress = keymanagerAddress
        node.keymanagerTokenFile = keymanagerTokenFile
    }
}
