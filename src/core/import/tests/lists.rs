//! Lists with columns.

use super::*;

#[test]
fn every_encoding_line_end_and_column_count_gives_the_same_entries() {
    let rows: [&[&str]; 3] = [&["", ""], &["", "SALES", ""], &["", "SALES", "ann@example.com"]];
    let heads = [HEAD.to_owned(), format!("{HEAD},Group Tag"), format!("{HEAD},Group Tag,Assigned User")];
    for (head, more) in heads.iter().zip(rows) {
        for line_end in ["\r\n", "\n", "\r"] {
            for last in [line_end, ""] {
                let mut csv = head.clone();
                for serial in ["PF000001", "PF000002"] {
                    let tail = if more.len() > 2 { format!(",{}", more[1..].join(",")) } else { String::new() };
                    let tail = if head.matches(',').count() == 3 { ",SALES".to_owned() } else { tail };
                    csv += &format!("{line_end}{serial},,{}{tail}", hash(serial));
                }
                csv += last;
                let marked = format!("\u{feff}{csv}");
                let files = [
                    csv.clone().into_bytes(),
                    marked.clone().into_bytes(),
                    utf16le(&csv),
                    utf16le(&marked),
                    utf16be(&csv),
                    utf16be(&marked),
                ];
                for (encoding, file) in files.iter().enumerate() {
                    let read = import(file);
                    let of = format!("{head} {line_end:?} {last:?} encoding {encoding}");
                    assert_eq!(read.format, Ok(Format::Csv), "{of}");
                    assert_eq!(read.serials(), ["PF000001", "PF000002"], "{of}: {:?}", read.refused());
                    let first = read.lines[0].outcome.as_ref().unwrap();
                    assert_eq!((read.lines[0].number, first.lane), (2, Lane::IntuneCsv), "{of}");
                    assert_eq!(first.group_tag, if head.contains("Tag") { "SALES" } else { "" }, "{of}");
                    assert_eq!(first.assigned_user, if head.contains("User") { "ann@example.com" } else { "" }, "{of}");
                    let said = usize::from(encoding > 1);
                    assert_eq!(read.said().len(), said, "{of}: {:?}", read.said());
                }
            }
        }
    }
}

#[test]
fn headers_are_found_in_any_spelling_order_and_company() {
    let hash = hash("PF000001");
    for csv in [
        format!("hardware hash,DEVICE SERIAL NUMBER\n{hash},PF000001"),
        format!("\"Device Serial Number\",\"Windows Product ID\",\"Hardware Hash\"\n\"PF000001\",\"\",\"{hash}\""),
        format!("Device Serial Number;Windows Product ID;Hardware Hash\r\nPF000001;;{hash}\r\n"),
        format!("Device Serial Number\tHardware Hash\tRemarks\nPF000001\t{hash}\tfor Ann, second floor"),
        format!("sep=;\nDevice Serial Number;Hardware Hash\nPF000001;{hash}"),
        format!(
            "#TYPE System.Management.Automation.PSCustomObject\n\"Device Serial Number\",\"Hardware Hash\"\n\"PF000001\",\"{hash}\""
        ),
        format!("\n\n Device_Serial_Number , Hardware_Hash \n PF000001 , {hash} \n"),
        format!("\"Device Serial Number,Windows Product ID,Hardware Hash\"\n\"PF000001,,{hash}\"\n"),
    ] {
        let read = import(csv.as_bytes());
        assert_eq!(read.serials(), ["PF000001"], "{csv:.60} {:?} {:?}", read.format, read.refused());
    }
}

#[test]
fn what_was_put_right_is_told() {
    let hash = hash("PF000001");
    let said = |csv: String| import(csv.as_bytes()).said().join("; ");
    assert_eq!(said(format!("{HEAD}\nPF000001,,{hash}")), "");
    assert_eq!(
        said(format!("Serial Number;Hardware Hash\n\"PF000001\";{hash}")),
        "the columns are separated by semicolons, not by commas; removed quotation marks"
    );
    assert_eq!(
        said(format!("{HEAD}\n PF000001,,{}", hash.trim_end_matches('='))),
        "removed blanks around a value".to_owned()
            + if hash.ends_with('=') { "; hardware hash: put the padding right" } else { "" }
    );
    assert_eq!(said(format!("{HEAD}\n\"PF000001,,{hash}\"")), "split a line that as a whole stood in quotation marks");
    assert_eq!(
        said(format!("{HEAD},Group Tag\n'PF000001,,{hash},VIP")),
        "removed what a spreadsheet wrote around a value (apostrophe or formula)"
    );
    let mut latin = format!("{HEAD},Group Tag\nPF000001,,{hash},B").into_bytes();
    latin.extend(b"\xfcro\n");
    let read = import(&latin);
    assert_eq!(read.entry().group_tag, "Büro");
    assert_eq!(read.said(), ["read letters outside ASCII as Windows-1252"]);
}

#[test]
fn a_hash_wrapped_inside_quotation_marks_is_one_value() {
    let hash = hash("PF000001");
    let wrapped: Vec<&str> = (0..hash.len()).step_by(64).map(|at| &hash[at..hash.len().min(at + 64)]).collect();
    let csv = format!("{HEAD}\r\nPF000001,,\"{}\"\r\nPF000002,,{}\r\n", wrapped.join("\r\n"), super::hash("PF000002"));
    let read = import(csv.as_bytes());
    assert_eq!(read.serials(), ["PF000001", "PF000002"], "{:?}", read.refused());
    assert!(read.said().contains(&"hardware hash: removed blanks and line breaks"), "{:?}", read.said());
    assert_eq!(read.lines[1].number, 2 + wrapped.len() as u64);
}

#[test]
fn a_complete_hash_lacks_nothing_and_a_short_one_is_taken_with_the_names_of_what_it_lacks() {
    let read = import(format!("{HEAD}\n,,{FULL}").as_bytes());
    assert_eq!(read.lines[0].remarks, [""; 0]);
    let lacking = import(format!("{HEAD}\nPF000001,,{}", hash("PF000001")).as_bytes());
    let [lacks] = &lacking.lines[0].remarks[..] else { panic!("{lacking:?}") };
    assert_eq!(
        lacks,
        "the hash lacks DiskSerialNumber, TpmVersion, EkPubHash, ProductKeyId, SmbiosSystemFamily; without the TPM's \
         data pre-provisioning fails"
    );
}

#[test]
fn partner_center_takes_a_hash_or_a_key_id_or_a_tuple() {
    for head in [
        "Device Serial Number,Windows Product ID,Hardware Hash,Manufacturer name,Device model",
        "Device serial number,Windows product ID,Hardware hash,Manufacturer name,Device model",
    ] {
        let hash = hash("PF000001");
        let csv = format!(
            "{head}\nPF000001,,{hash},LENOVO,21CB\n,3305000000001,,,\nPF000003,,,Example Inc.,Example Book 14\n\
             PF000004,,,LENOVO,\n,,,LENOVO,21CB\n"
        );
        let read = import(csv.as_bytes());
        assert!(read.lines.iter().filter_map(|line| line.outcome.as_ref().ok()).all(|e| e.lane == Lane::PartnerCsv));
        assert_eq!(read.serials(), ["PF000001", "", "PF000003"]);
        assert_eq!(
            read.refused(),
            [
                "5: There is a serial number and no hardware hash: the capture failed, or this is an order list.",
                "6: There is no hardware hash, no Windows product id, and no maker, model and serial number.",
            ]
        );
        let tuple = read.lines[2].outcome.as_ref().unwrap();
        assert_eq!((tuple.manufacturer.as_str(), tuple.model.as_str()), ("Example Inc.", "Example Book 14"));
    }
}

#[test]
fn maker_and_model_beside_a_hash_are_compared_and_only_told() {
    let head = "Device Serial Number,Windows Product ID,Hardware Hash,Manufacturer name,Device model";
    let read = import(format!("{head}\nPF000001,,{},Lenovo,ThinkPad\n", hash("PF000001")).as_bytes());
    assert_eq!(read.said(), ["the column says model 'ThinkPad', the hash says '21CB'"]);
}

#[test]
fn rows_that_were_mixed_are_refused() {
    let csv = format!("{HEAD}\nPF000001,,{}\nPF000002,,{}\n", hash("PF000002"), hash("PF000001"));
    assert_eq!(
        import(csv.as_bytes()).refused(),
        [
            "2: The serial number column says 'PF000001', the hash says 'PF000002': two rows were mixed.",
            "3: The serial number column says 'PF000002', the hash says 'PF000001': two rows were mixed.",
        ]
    );
    // Without a serial number the product ids have to agree.
    let csv = format!("{HEAD}\n,3305000000009,{FULL}");
    assert_eq!(
        import(csv.as_bytes()).refused(),
        ["2: Two rows were mixed: the column says Windows product id 3305000000009, the hash says 3305000000001."]
    );
}

#[test]
fn the_hash_knows_better_what_its_serial_number_is() {
    for (column, own, said) in [
        ("4711", "0004711", "put back the leading zeros of the serial number, from the hash"),
        ("S/N: PF000001", "PF000001", "the serial number is the hash's, PF000001, not 'S/N: PF000001'"),
        ("Default string", "PF000001", "the serial number is the hash's, PF000001: the column has no real one"),
    ] {
        let read = import(format!("{HEAD}\n{column},,{}", hash(own)).as_bytes());
        assert_eq!(read.entry().serial.as_ref().map(Serial::as_str), Some(own), "{:?}", read.refused());
        assert_eq!(read.said(), [said]);
    }
    for column in ["pf000001", "", "SMBIOS_STRING_INDEX_0"] {
        let read = import(format!("{HEAD}\n{column},,{}", hash("PF000001")).as_bytes());
        assert!(same_serial(
            read.entry().identity().serial.as_ref().unwrap(),
            &"PF000001".to_owned().try_into().unwrap()
        ));
        assert_eq!(read.said(), [""; 0]);
    }
}

#[test]
fn damaged_values_are_refused_with_their_reason() {
    let good = hash("PF000001");
    let mut flipped = good.clone().into_bytes();
    flipped[90] ^= 1;
    let flipped = String::from_utf8(flipped).unwrap();
    for (row, why) in [
        (format!("PF000001,,{}", &good[..100]), "The hardware hash is not sound: it ends after 75 of"),
        (format!("PF000001,,{flipped}"), "The hardware hash is not sound: its digest does not match"),
        ("PF000001,,bm90IGEgaGFzaA==".into(), "The hardware hash is not sound: it does not begin with the letters OA"),
        ("PF000001,,".into(), "There is a serial number and no hardware hash"),
        (format!("PF000001,12345,{good}"), "'12345' is no Windows product id: that has 13 digits."),
        (format!("PF000001,3.305E+12,{good}"), "The Windows product id '3.305E+12' was turned into a number"),
        (format!("1.23E+11,,{good}"), "The serial number '1.23E+11' was turned into a number by a spreadsheet"),
        (format!("PF000001,,{good},VIP"), "The line has 4 values, and there are 3 columns."),
        (format!("{},,{good}", "X".repeat(65)), "'XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX...' is no serial number"),
    ] {
        let read = import(format!("{HEAD}\n{row}").as_bytes());
        let refused = read.refused();
        assert!(refused.len() == 1 && refused[0].starts_with(&format!("2: {why}")), "{row:.40}: {refused:?}");
        assert!(!read.lines[0].outcome.as_ref().unwrap_err().next.is_empty());
    }
}

#[test]
fn a_product_key_is_never_repeated() {
    let key = "W269N-WFGWX-YVC9B-4J6C9-T83GX";
    for row in [format!("PF000001,{key},{}", hash("PF000001")), format!("{key},,{}", hash("PF000001"))] {
        let read = import(format!("{HEAD}\n{row}").as_bytes());
        assert_eq!(read.refused().len(), 1);
        assert!(!format!("{read:?}").contains("W269N"), "{read:?}");
    }
}

#[test]
fn group_tags_have_no_commas_and_users_are_names_at_a_domain() {
    let hash = hash("PF000001");
    let head = format!("{HEAD},Group Tag,Assigned User");
    let read = import(format!("{head}\nPF000001,,{hash},\"SALES,EU\",").as_bytes());
    assert_eq!(read.refused(), ["2: The group tag 'SALES,EU' has a comma in it."]);
    let read = import(format!("{head}\nPF000001,,{hash},SALES,Ann").as_bytes());
    assert_eq!(read.entry().assigned_user, "");
    assert_eq!(read.said(), ["left the assigned user 'Ann' out: it is no name@domain"]);
    let read = import(format!("Device Serial Number,Hardware Hash,Order ID\nPF000001,{hash},SALES").as_bytes());
    assert_eq!(read.entry().group_tag, "SALES");
}

#[test]
fn the_second_line_of_a_machine_is_refused_and_names_the_first() {
    let (one, two) = (hash("PF000001"), hash("PF000002"));
    let csv = format!("{HEAD}\nPF000001,,{}\nPF000001,,{one}\nPF000002,,{two}\npf000001,,{one}\n", &one[..100]);
    let read = import(csv.as_bytes());
    assert_eq!(read.serials(), ["PF000001", "PF000002"], "a line that was refused is no first");
    assert_eq!(read.refused()[1], "5: Line 3 has the same serial number, PF000001.");
}

#[test]
fn files_that_were_copied_together_go_on_under_their_own_header() {
    let csv = format!(
        "{HEAD}\nPF000001,,{}\n\u{feff}Hardware Hash,Device Serial Number\n{},PF000002\n",
        hash("PF000001"),
        hash("PF000002")
    );
    let read = import(csv.as_bytes());
    assert_eq!(read.serials(), ["PF000001", "PF000002"], "{:?}", read.refused());
    // PowerShell's >> appends UTF-16 to a file that is not.
    let mut bytes = format!("{HEAD}\nPF000001,,{}\n", hash("PF000001")).into_bytes();
    bytes.extend(utf16le(&format!("PF000002,,{}\r\n", hash("PF000002"))));
    let read = import(&bytes);
    assert_eq!(read.serials(), ["PF000001"]);
    assert!(read.refused()[0].starts_with("3: There are NUL characters"), "{:?}", read.refused());
}

#[test]
fn a_list_without_header_is_read_where_there_is_one_way_to() {
    let (one, two) = (hash("PF000001"), hash("PF000002"));
    let read = import(format!("PF000001,,{one}\nPF000002,,{two}\n").as_bytes());
    assert_eq!((read.serials(), read.lines[0].number), (vec!["PF000001".to_owned(), "PF000002".to_owned()], 1));
    assert_eq!(read.said(), ["the file has no header: read as serial number, Windows product id, hardware hash"]);

    let read = import(b"LENOVO,21CB,PF000001\nExample Inc.,Example Book 14,EX000002\n");
    assert_eq!(read.serials(), ["PF000001", "EX000002"]);
    let entry = read.lines[0].outcome.as_ref().unwrap();
    assert_eq!(
        (entry.lane, entry.manufacturer.as_str(), entry.model.as_str()),
        (Lane::IdentifierCsv, "LENOVO", "21CB")
    );

    for unclear in ["PF000001,21CB,LENOVO", "PF000001,PF000002", "milk;bread\neggs;", "LENOVO,21CB,a b", "hello"] {
        let read = import(unclear.as_bytes());
        assert_eq!(read.format.unwrap_err().what, NOTHING, "{unclear}");
        assert!(read.lines.is_empty());
    }
    let five = format!("PF000001,,{one},LENOVO,21CB");
    assert!(import(five.as_bytes()).format.is_err(), "a group tag and a user, or maker and model?");
}

#[test]
fn a_list_of_serial_numbers_is_an_order_and_no_identity() {
    let problem = import(b"Serial Number,Customer\nPF000001,ACME\n").format.unwrap_err();
    assert!(problem.next.contains("order import"), "{problem}");
}

#[test]
fn the_caller_may_stop() {
    let csv = format!("{HEAD}\n{}", "PF000001,,\n".repeat(50));
    let mut lines = 0;
    let format = read(csv.as_bytes(), &mut |_| {
        lines += 1;
        if lines == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((format, lines), (Ok(Format::Csv), 3));
}
