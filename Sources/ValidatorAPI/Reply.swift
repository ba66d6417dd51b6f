import BeaconAPI
import HTTPTypes
import Hummingbird
import SSZ

/// What an endpoint answers.
enum Reply: Sendable {
    /// 200 without body and content type.
    case empty
    case json(JSONValue)
    /// A beacon node's answer as it comes.
    case stream(ProxyResponse)

    var status: Int {
        switch self {
        case .empty, .json: 200
        case .stream(let response): response.status
        }
    }
}

extension Response {
    static func json(_ json: JSONValue, status: Int = 200) -> Response {
        Response(
            status: .init(code: status), headers: [.contentType: MediaType.json],
            body: .init(byteBuffer: ByteBuffer(bytes: json.bytes())))
    }

    static func fault(_ fault: APIFault) -> Response {
        var response = json(fault.body.json(), status: fault.status)
        if fault.closesConnection { response.headers[.connection] = "close" }
        return response
    }
}

extension HTTPFields {
    init(_ fields: HeaderFields) {
        self.init()
        for field in fields.fields {
            if let name = HTTPField.Name(field.name) { append(HTTPField(name: name, value: field.value)) }
        }
    }

    var headerFields: HeaderFields { HeaderFields(map { HeaderFields.Field($0.name.rawName, $0.value) }) }
}
