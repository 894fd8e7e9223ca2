/*
 * Parses and encodes WBXML of ActiveSync with libwbxml, and times it. See mod.rs.
 *
 * A request is three numbers (operation, passes, count) and `count` documents: a size and the bytes.
 * The answer is the nanoseconds that all passes over all documents took together, and the results: a
 * size and the bytes. A result of PARSE is the number of elements and the number of bytes of text, 64
 * bits each; of ENCODE, from XML, and ENCODE_TREE, the document as libwbxml writes it. FAILED is the size of what could not be
 * done. Numbers are 32 bits in the machine's order, the nanoseconds 64.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <wbxml/wbxml.h>

/* The library has these, but Debian does not install their headers. */
typedef struct WBXMLParser_s WBXMLParser;
typedef struct WBXMLEncoder_s WBXMLEncoder;
typedef struct WBXMLTree_s WBXMLTree;
typedef struct WBXMLTag_s WBXMLTag;
typedef struct WBXMLAttribute_s WBXMLAttribute;
typedef struct {
	void (*start_document)(void *, int, const void *);
	void (*end_document)(void *);
	void (*start_element)(void *, WBXMLTag *, WBXMLAttribute **);
	void (*end_element)(void *, WBXMLTag *);
	void (*characters)(void *, WB_UTINY *, WB_ULONG, WB_ULONG);
	void (*pi)(void *, const WB_UTINY *, WB_UTINY *);
} WBXMLContentHandler;
WBXMLParser *wbxml_parser_create(void);
WB_BOOL wbxml_parser_set_language(WBXMLParser *, WBXMLLanguage);
void wbxml_parser_set_content_handler(WBXMLParser *, WBXMLContentHandler *);
void wbxml_parser_set_user_data(WBXMLParser *, void *);
WBXMLError wbxml_parser_parse(WBXMLParser *, WB_UTINY *, WB_ULONG);
void wbxml_parser_destroy(WBXMLParser *);
WBXMLError wbxml_tree_from_wbxml(WB_UTINY *, WB_ULONG, WBXMLLanguage, WBXMLCharsetMIBEnum,
				 WBXMLTree **);
void wbxml_tree_destroy(WBXMLTree *);
WBXMLEncoder *wbxml_encoder_create_real(void);
void wbxml_encoder_set_tree(WBXMLEncoder *, WBXMLTree *);
void wbxml_encoder_set_use_strtbl(WBXMLEncoder *, WB_BOOL);
void wbxml_encoder_set_produce_anonymous(WBXMLEncoder *, WB_BOOL);
WBXMLError wbxml_encoder_encode_tree_to_wbxml(WBXMLEncoder *, WB_UTINY **, WB_ULONG *);
void wbxml_encoder_destroy(WBXMLEncoder *);

enum { PARSE = 1, ENCODE = 2, ENCODE_TREE = 3 };
#define FAILED UINT32_MAX

struct document {
	uint32_t size, result_size;
	uint8_t *bytes, *result;
	WB_UTINY *xml;
	WB_ULONG xml_size;
	WBXMLTree *tree;
};

static void get(void *to, size_t size)
{
	if (size != 0 && fread(to, 1, size, stdin) != size)
		exit(1);
}

static void put(const void *from, size_t size)
{
	if (fwrite(from, 1, size, stdout) != size)
		exit(1);
}

static void *allocate(size_t size)
{
	void *bytes = malloc(size + 1);
	if (bytes == NULL)
		exit(1);
	return bytes;
}

static uint64_t nanoseconds(void)
{
	struct timespec now;
	/* Not what others do with the processor meanwhile. */
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void count_element(void *counts, WBXMLTag *name, WBXMLAttribute **attributes)
{
	(void)name;
	(void)attributes;
	((uint64_t *)counts)[0]++;
}

static void count_text(void *counts, WB_UTINY *text, WB_ULONG start, WB_ULONG length)
{
	(void)text;
	(void)start;
	((uint64_t *)counts)[1] += length;
}

/* Without counts, nobody hears what was parsed. */
static WBXMLError parse(const struct document *document, uint64_t *counts)
{
	WBXMLContentHandler handler = { .start_element = count_element, .characters = count_text };
	WBXMLParser *parser = wbxml_parser_create();
	if (parser == NULL)
		exit(1);
	wbxml_parser_set_language(parser, WBXML_LANG_ACTIVESYNC);
	if (counts != NULL) {
		wbxml_parser_set_user_data(parser, counts);
		wbxml_parser_set_content_handler(parser, &handler);
	}
	WBXMLError error = wbxml_parser_parse(parser, document->bytes, document->size);
	wbxml_parser_destroy(parser);
	return error;
}

static WBXMLError to_xml(struct document *document)
{
	WBXMLConvWBXML2XML *conversion;
	if (wbxml_conv_wbxml2xml_create(&conversion) != WBXML_OK)
		exit(1);
	wbxml_conv_wbxml2xml_set_language(conversion, WBXML_LANG_ACTIVESYNC);
	wbxml_conv_wbxml2xml_set_gen_type(conversion, WBXML_GEN_XML_COMPACT);
	WBXMLError error = wbxml_conv_wbxml2xml_run(conversion, document->bytes, document->size,
						    &document->xml, &document->xml_size);
	wbxml_conv_wbxml2xml_destroy(conversion);
	return error;
}

static WBXMLError from_xml(const struct document *document, WB_UTINY **bytes, WB_ULONG *size)
{
	WBXMLConvXML2WBXML *conversion;
	if (wbxml_conv_xml2wbxml_create(&conversion) != WBXML_OK)
		exit(1);
	wbxml_conv_xml2wbxml_disable_string_table(conversion);
	wbxml_conv_xml2wbxml_disable_public_id(conversion);
	wbxml_conv_xml2wbxml_enable_preserve_whitespaces(conversion);
	WBXMLError error = wbxml_conv_xml2wbxml_run(conversion, document->xml, document->xml_size,
						    bytes, size);
	wbxml_conv_xml2wbxml_destroy(conversion);
	return error;
}

static WBXMLError from_tree(const struct document *document, WB_UTINY **bytes, WB_ULONG *size)
{
	WBXMLEncoder *encoder = wbxml_encoder_create_real();
	if (encoder == NULL)
		exit(1);
	wbxml_encoder_set_tree(encoder, document->tree);
	wbxml_encoder_set_use_strtbl(encoder, 0);
	wbxml_encoder_set_produce_anonymous(encoder, 1);
	WBXMLError error = wbxml_encoder_encode_tree_to_wbxml(encoder, bytes, size);
	wbxml_encoder_destroy(encoder);
	return error;
}

static WBXMLError encode(uint32_t operation, const struct document *document, WB_UTINY **bytes,
			 WB_ULONG *size)
{
	return operation == ENCODE ? from_xml(document, bytes, size)
				   : from_tree(document, bytes, size);
}

/* What comes of a document, before anything is timed. */
static void prepare(uint32_t operation, struct document *document)
{
	WB_ULONG size;
	WBXMLError error;

	document->result_size = FAILED;
	document->result = document->xml = NULL;
	document->tree = NULL;
	if (operation == PARSE) {
		uint64_t *counts = allocate(2 * sizeof *counts);
		counts[0] = counts[1] = 0;
		document->result = (uint8_t *)counts;
		if (parse(document, counts) == WBXML_OK)
			document->result_size = 2 * sizeof *counts;
		return;
	}
	error = operation == ENCODE
		? to_xml(document)
		: wbxml_tree_from_wbxml(document->bytes, document->size, WBXML_LANG_ACTIVESYNC,
					WBXML_CHARSET_UTF_8, &document->tree);
	if (error == WBXML_OK && encode(operation, document, &document->result, &size) == WBXML_OK)
		document->result_size = size;
}

static void pass(uint32_t operation, const struct document *document)
{
	WB_UTINY *bytes;
	WB_ULONG size;
	if (document->result_size == FAILED)
		return;
	if (operation == PARSE)
		parse(document, NULL);
	else if (encode(operation, document, &bytes, &size) == WBXML_OK)
		free(bytes);
}

int main(void)
{
	uint32_t request[3];

	while (fread(request, sizeof request, 1, stdin) == 1) {
		uint32_t operation = request[0], passes = request[1], count = request[2];
		struct document *documents = allocate(count * sizeof *documents);

		for (uint32_t i = 0; i < count; i++) {
			struct document *document = &documents[i];
			get(&document->size, sizeof document->size);
			document->bytes = allocate(document->size);
			get(document->bytes, document->size);
			prepare(operation, document);
		}
		uint64_t start = nanoseconds();
		for (uint32_t done = 0; done < passes; done++)
			for (uint32_t i = 0; i < count; i++)
				pass(operation, &documents[i]);
		uint64_t took = nanoseconds() - start;
		put(&took, sizeof took);
		for (uint32_t i = 0; i < count; i++) {
			struct document *document = &documents[i];
			put(&document->result_size, sizeof document->result_size);
			if (document->result_size != FAILED)
				put(document->result, document->result_size);
			if (document->tree != NULL)
				wbxml_tree_destroy(document->tree);
			free(document->xml);
			free(document->result);
			free(document->bytes);
		}
		free(documents);
		if (fflush(stdout) != 0)
			return 1;
	}
	return 0;
}
