"""Small lists of our own making in the exact formats of their publishers. Nobody in them exists."""

# ruff: noqa: E501, SIM905 - rows as they are published

SDN = """\
36,"ERG AIR CARGO",-0- ,"SDGT] [LIBYA3",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"Phone Number 218-21-3330000; Website www.ergair.example; Organization Established Date 12 Mar 2009; (Linked To: AL-HAMADA, Salem Ould)."
4021,"AL-HAMADA, Salem Ould","individual","SDGT","Commander",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"DOB 19 Jun 1971; alt. DOB circa 1973; POB Ghat, Libya; nationality Libya; Gender Male; Passport A0042817 (Libya) issued 05 May 2010 expires 04 May 2015; alt. Passport L998877; National ID No. 119710042817 (Libya); Digital Currency Address - XBT 1BoatSLRHtKNngkdXEeobR76b53LETtpyT; Secondary sanctions risk: section 1(b) of Executive Order 13224; Operational leader in the south."
9310,"TENERE STAR","vessel","LIBYA3",-0- ,"5ALX2","Crude Oil Tanker","98,000","55,000","Libya","Erg Shipping Co","Vessel Registration Identification IMO 9074729; MMSI 642122016; Vessel Year of Build 1994 (vessel) (Linked To: ERG AIR CARGO)."
9311,"5A-DKO","aircraft","SDGT",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"Aircraft Tail Number 5A-DKO; Aircraft Model IL76-TD; Aircraft Manufacturer's Serial Number (MSN) 1023409321 (aircraft) (Linked To: ERG AIR CARGO)."
9312,"DUNE-7","satellite","SDGT",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0-
\x1a
"""
ALT = """\
4021,101,"aka","HAMADA, Salim",-0-
4021,102,"fka","AL-KHATTAR, Salem","name until 1999"
36,103,"nickname","DESERT WINGS",-0-
77777,104,"aka","NOBODY",-0-
"""
ADD = """\
4021,201,"Sharia Ghat 5","Sebha","Libya",-0-
36,202,-0- ,"Agadez","Niger",-0-
"""
COMMENTS = """\
4021," Known to travel by Niger."
"""
SDN_XML = """\
<?xml version="1.0" standalone="yes"?>
<sdnList xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML">
  <publshInformation><Publish_Date>11/20/2026</Publish_Date><Record_Count>2</Record_Count></publshInformation>
  <sdnEntry>
    <uid>4021</uid><firstName>Salem Ould</firstName><lastName>AL-HAMADA</lastName><title>Commander</title><sdnType>Individual</sdnType>
    <remarks>(Linked To: ERG AIR CARGO)</remarks>
    <programList><program>SDGT</program></programList>
    <idList>
      <id><uid>1</uid><idType>Passport</idType><idNumber>A0042817</idNumber><idCountry>Libya</idCountry><expirationDate>04 May 2015</expirationDate></id>
      <id><uid>2</uid><idType>Gender</idType><idNumber>Male</idNumber></id>
      <id><uid>3</uid><idType>Digital Currency Address - XBT</idType><idNumber>1BoatSLRHtKNngkdXEeobR76b53LETtpyT</idNumber></id>
    </idList>
    <akaList>
      <aka><uid>4</uid><type>a.k.a.</type><category>strong</category><lastName>HAMADA</lastName><firstName>Salim</firstName></aka>
      <aka><uid>5</uid><type>a.k.a.</type><category>weak</category><lastName>THE FALCON</lastName></aka>
    </akaList>
    <addressList><address><uid>6</uid><address1>Sharia Ghat 5</address1><city>Sebha</city><country>Libya</country></address></addressList>
    <nationalityList><nationality><uid>7</uid><country>Libya</country><mainEntry>true</mainEntry></nationality></nationalityList>
    <dateOfBirthList><dateOfBirthItem><uid>8</uid><dateOfBirth>19 Jun 1971</dateOfBirth><mainEntry>true</mainEntry></dateOfBirthItem><dateOfBirthItem><uid>9</uid><dateOfBirth>1970 to 1973</dateOfBirth><mainEntry>false</mainEntry></dateOfBirthItem></dateOfBirthList>
    <placeOfBirthList><placeOfBirthItem><uid>10</uid><placeOfBirth>Ghat, Libya</placeOfBirth><mainEntry>true</mainEntry></placeOfBirthItem></placeOfBirthList>
  </sdnEntry>
  <sdnEntry>
    <uid>9310</uid><lastName>TENERE STAR</lastName><sdnType>Vessel</sdnType><moon>full</moon>
    <programList><program>LIBYA3</program></programList>
    <idList><id><uid>11</uid><idType>Vessel Registration Identification</idType><idNumber>IMO 9074729</idNumber></id></idList>
    <vesselInfo><callSign>5ALX2</callSign><vesselType>Crude Oil Tanker</vesselType><vesselFlag>Libya</vesselFlag><vesselOwner>Erg Shipping Co</vesselOwner></vesselInfo>
  </sdnEntry>
</sdnList>
"""
EU_XML = """\
<?xml version="1.0" encoding="UTF-8"?>
<export xmlns="http://eu.europa.ec/fpi/fsd/export" generationDate="2026-11-20T14:00:00.000+01:00" globalFileId="160000">
  <sanctionEntity designationDate="2016-04-01" designationDetails="" unitedNationId="QDi.999" euReferenceNumber="EU.9999.1" logicalId="13">
    <remark>Said to move between Ghat and Djanet.</remark>
    <regulation regulationType="amendment" organisationType="council" publicationDate="2016-04-01" entryIntoForceDate="2016-04-02" numberTitle="2016/0001 (OJ L1)" programme="LBY" logicalId="1"><publicationUrl>http://eur-lex.europa.eu/x</publicationUrl></regulation>
    <subjectType code="person" classificationCode="P"/>
    <nameAlias firstName="Salem" middleName="Ould" lastName="Hamada" wholeName="Salem Ould Hamada" function="Commander" gender="M" title="" nameLanguage="" strong="true" regulationLanguage="en" logicalId="2"><regulationSummary regulationType="amendment" publicationDate="2016-04-01" publicationUrl="http://x"/></nameAlias>
    <nameAlias firstName="" middleName="" lastName="" wholeName="سالم ولد حمادة" function="" gender="M" title="" nameLanguage="AR" strong="true" regulationLanguage="en" logicalId="3"/>
    <nameAlias firstName="" middleName="" lastName="" wholeName="The Falcon" function="" gender="" title="" nameLanguage="" strong="false" regulationLanguage="en" logicalId="4"/>
    <citizenship region="" countryIso2Code="LY" countryDescription="LIBYA" regulationLanguage="en" logicalId="5"/>
    <birthdate circa="false" calendarType="GREGORIAN" city="Ghat" zipCode="" birthdate="1971-06-19" dayOfMonth="19" monthOfYear="6" year="1971" region="" place="" countryIso2Code="LY" countryDescription="LIBYA" regulationLanguage="en" logicalId="6"/>
    <birthdate circa="true" calendarType="GREGORIAN" city="" zipCode="" year="1973" region="" place="" countryIso2Code="00" countryDescription="UNKNOWN" regulationLanguage="en" logicalId="7"/>
    <birthdate circa="false" calendarType="PERSIAN" city="" birthdate="" year="1350" countryIso2Code="00" logicalId="8"/>
    <identification diplomatic="false" knownExpired="true" knownFalse="false" reportedLost="false" revokedByIssuer="false" issuedBy="" latinNumber="" nameOnDocument="" number="A0042817" region="" countryIso2Code="LY" countryDescription="LIBYA" identificationTypeCode="passport" identificationTypeDescription="National passport" regulationLanguage="en" logicalId="9"><remark>seen in 2015</remark></identification>
    <address city="Sebha" street="Sharia Ghat 5" poBox="" zipCode="" region="" place="" asAtListingTime="false" countryIso2Code="LY" countryDescription="LIBYA" regulationLanguage="en" logicalId="10"/>
    <horoscope sign="leo"/>
  </sanctionEntity>
  <sanctionEntity designationDetails="" euReferenceNumber="EU.9999.2" logicalId="14">
    <regulation regulationType="regulation" organisationType="council" publicationDate="2018-09-10" programme="LBY" logicalId="11"/>
    <subjectType code="enterprise" classificationCode="E"/>
    <nameAlias wholeName="Tenere Star" strong="true" logicalId="12"/>
    <identification number="9074729" identificationTypeCode="imo" identificationTypeDescription="IMO number" countryIso2Code="00" logicalId="13"/>
  </sanctionEntity>
</export>
"""
_EU_GROUPS = {
    "Entity": "LogicalId EU_ReferenceNumber UnitedNationId DesignationDate DesignationDetails Remark SubjectType "
    "SubjectType_ClassificationCode Regulation_Type Regulation_OrganisationType Regulation_PublicationDate "
    "Regulation_EntryIntoForceDate Regulation_NumberTitle Regulation_Programme Regulation_PublicationUrl",
    "NameAlias": "LastName FirstName MiddleName WholeName NameLanguage Gender Title Function LogicalId "
    "RegulationLanguage Remark",
    "Address": "City Street PoBox ZipCode Region Place AsAtListingTime ContactInfo CountryIso2Code CountryDescription "
    "LogicalId RegulationLanguage Remark",
    "BirthDate": "BirthDate Day Month Year YearRangeFrom YearRangeTo Circa CalendarType ZipCode Region Place City "
    "CountryIso2Code CountryDescription LogicalId RegulationLanguage Remark",
    "Identification": "Number Diplomatic KnownExpired KnownFalse ReportedLost RevokedByIssuer IssuedBy IssuedDate "
    "ValidFrom ValidTo LatinNumber NameOnDocument TypeCode TypeDescription Region CountryIso2Code CountryDescription "
    "LogicalId RegulationLanguage Remark",
    "Citizenship": "Region CountryIso2Code CountryDescription LogicalId RegulationLanguage Remark",
}
EU_HEADER = [
    "fileGenerationDate",
    *(f"{group}_{name}" for group, names in _EU_GROUPS.items() for name in names.split()),
]


def eu_row(**said: str) -> str:
    """One row of the CSV, with values in the columns that are named."""
    assert said.keys() <= set(EU_HEADER), said.keys() - set(EU_HEADER)
    return ";".join({"fileGenerationDate": "20/11/2026", **said}.get(name, "") for name in EU_HEADER)


_EU_ENTITY = {
    "Entity_LogicalId": "13",
    "Entity_EU_ReferenceNumber": "EU.9999.1",
    "Entity_DesignationDate": "2016-04-01",
    "Entity_SubjectType": "person",
    "Entity_SubjectType_ClassificationCode": "P",
    "Entity_Regulation_Programme": "LBY",
    "Entity_Regulation_PublicationDate": "2016-04-01",
}
EU_CSV = "\ufeff" + "\n".join(
    [
        ";".join(EU_HEADER),
        eu_row(**_EU_ENTITY, NameAlias_WholeName="Salem Ould Hamada", NameAlias_Gender="M", NameAlias_LogicalId="2"),
        eu_row(**_EU_ENTITY, NameAlias_WholeName="سالم ولد حمادة", NameAlias_LogicalId="3"),
        eu_row(
            **_EU_ENTITY,
            BirthDate_BirthDate="1971-06-19",
            BirthDate_City="Ghat",
            BirthDate_CountryIso2Code="LY",
            BirthDate_CountryDescription="LIBYA",
            BirthDate_LogicalId="6",
        ),
        eu_row(**_EU_ENTITY, BirthDate_YearRangeFrom="1970", BirthDate_YearRangeTo="1973", BirthDate_LogicalId="7"),
        eu_row(
            **_EU_ENTITY,
            Identification_Number="A0042817",
            Identification_TypeCode="passport",
            Identification_TypeDescription="National passport",
            Identification_CountryIso2Code="LY",
            Identification_LogicalId="9",
        ),
        eu_row(**_EU_ENTITY, Citizenship_CountryIso2Code="LY", Citizenship_LogicalId="5"),
        eu_row(
            Entity_LogicalId="14",
            Entity_SubjectType_ClassificationCode="E",
            NameAlias_WholeName="Erg Air Cargo",
            NameAlias_LogicalId="12",
        ),
    ]
)
UK_HEADER = (
    "Last Updated,Unique ID,OFSI Group ID,UN Reference Number,Name 6,Name 1,Name 2,Name 3,Name 4,Name 5,"
    "Name type,Alias strength,Title,Name non-latin script,Non-latin script type,Non-latin script language,"
    "Regime Name,Designation Type,Designation source,Sanctions Imposed,Other Information,"
    "UK Statement of Reasons,Address Line 1,Address Line 2,Address Line 3,Address Line 4,Address Line 5,"
    "Address Line 6,Address Postal Code,Address Country,Phone number,Website,Email address,"
    "Date Designated,D.O.B,Nationality(/ies),National Identifier number,"
    "National Identifier additional information,Passport number,Passport additional information,Position,"
    "Gender,Town of birth,Country of birth,Type of entity,Subsidiaries,Parent company,"
    "Business registration number (s),IMO number,Current owner/operator (s),Previous owner/operator (s),"
    "Current believed flag of ship,Previous flags,Type of ship,Tonnage of ship,Length of ship,Year Built,"
    "Hull identification number (HIN)"
).split(",")


def uk_row(**said: str) -> str:
    """One row: columns by their names with spaces as underscores."""
    named = {name.replace("_", " "): value for name, value in said.items()}
    extra = {
        "DOB": "D.O.B",
        "Nationality": "Nationality(/ies)",
        "Owner": "Current owner/operator (s)",
        "Original": "Name non-latin script",
    }
    named = {extra.get(name, name): value for name, value in named.items()}
    assert named.keys() <= set(UK_HEADER), named.keys() - set(UK_HEADER)
    return ",".join(f'"{named.get(name, "")}"' for name in UK_HEADER)


_UK_PERSON = {
    "Last_Updated": "04/08/2026",
    "Unique_ID": "LIB0042",
    "OFSI_Group_ID": "12703",
    "Designation_Type": "Individual",
    "Regime_Name": "The Libya (Sanctions) (EU Exit) Regulations 2020",
    "Date_Designated": "31/12/2020",
    "DOB": "dd/mm/1971",
    "Nationality": "(1) Libya (2) Niger",
    "Passport_number": "A0042817",
    "Gender": "Male",
    "Town_of_birth": "Ghat",
    "Country_of_birth": "Libya",
    "Sanctions_Imposed": "Asset freeze|Travel Ban",
}
UK_CSV = "\n".join(
    [
        "Report Date: 20-Nov-2026",
        ",".join(UK_HEADER),
        uk_row(**_UK_PERSON, Name_6="HAMADA", Name_1="Salem", Name_2="Ould", Name_type="Primary Name"),
        uk_row(
            Last_Updated="04/08/2026",
            Unique_ID="LIB0043",
            Designation_Type="Ship",
            Name_6="TENERE STAR",
            Name_type="Primary Name",
            IMO_number="9074729",
            Owner="Erg Shipping Co",
            Date_Designated="01/02/2021",
        ),
        uk_row(
            **_UK_PERSON,
            Name_6="HAMMADA",
            Name_1="Salim",
            Name_type="Alias",
            Alias_strength="Low quality a.k.a",
            Original="سالم ولد حمادة",
            Address_Line_1="Sharia Ghat 5",
            Address_Line_6="Sebha",
            Address_Country="Libya",
        ),
    ]
)
CON_LIST = """\
Last Updated,20/11/2026
Name 6,Name 1,Name 2,Name 3,Name 4,Name 5,Title,Name Non-Latin Script,Non-Latin Script Type,Non-Latin Script Language,DOB,Town of Birth,Country of Birth,Nationality,Passport Number,Passport Details,National Identification Number,National Identification Details,Position,Address 1,Address 2,Address 3,Address 4,Address 5,Address 6,Post/Zip Code,Country,Other Information,Group Type,Alias Type,Alias Quality,Regime,Listed On,UK Sanctions List Date Designated,Last Updated,Group ID
HAMADA,Salem,Ould,,,,,,,,19/06/1971,Ghat,Libya,Libya,A0042817,,,,Commander,,,,,,Sebha,,Libya,Invented.,Individual,Primary name,,Libya,01/04/2016,31/12/2020,04/08/2025,12703
HAMADA,Salim,,,,,,,,,19/06/1971,Ghat,Libya,Libya,,,,,,,,,,,,,,,Individual,AKA,Good,Libya,01/04/2016,31/12/2020,04/08/2025,12703
"""
UK_XML = """\
<?xml version="1.0" encoding="utf-8"?>
<Designations><DateGenerated>20/11/2026</DateGenerated>
<Designation><LastUpdated>04/08/2026</LastUpdated><UniqueID>LIB0042</UniqueID><OFSIGroupID>12703</OFSIGroupID>
<Names><Name><Name6>HAMADA</Name6><Name1>Salem</Name1><Name2>Ould</Name2><NameType>Primary Name</NameType></Name>
<Name><Name6>HAMMADA</Name6><Name1>Salim</Name1><NameType>Alias</NameType><AliasStrength>Low quality</AliasStrength></Name></Names>
<NonLatinNames><NonLatinName><NameNonLatinScript>سالم ولد حمادة</NameNonLatinScript></NonLatinName></NonLatinNames>
<RegimeName>The Libya (Sanctions) (EU Exit) Regulations 2020</RegimeName><IndividualEntityShip>Individual</IndividualEntityShip>
<DesignationSource>UK</DesignationSource><SanctionsImposed>Asset freeze</SanctionsImposed>
<SanctionsImposedIndicators><AssetFreeze>true</AssetFreeze></SanctionsImposedIndicators>
<Addresses><Address><AddressLine1>Sharia Ghat 5</AddressLine1><AddressCountry>Libya</AddressCountry></Address></Addresses>
<DateDesignated>31/12/2020</DateDesignated>
<IndividualDetails><Individual><DOBs><DOB>dd/mm/1971</DOB></DOBs><Nationalities><Nationality>Libya</Nationality><Nationality>Niger</Nationality></Nationalities>
<PassportDetails><Passport><PassportNumber>A0042817</PassportNumber></Passport></PassportDetails>
<BirthDetails><Location><TownOfBirth>Ghat</TownOfBirth><CountryOfBirth>Libya</CountryOfBirth></Location></BirthDetails>
<Genders><Gender>Male</Gender></Genders><ShoeSize>44</ShoeSize></Individual></IndividualDetails></Designation>
</Designations>
"""
NOTICES = """\
entity_id,name,forename,alias,date_of_birth,sex_id,nationalities,place_of_birth,country_of_birth_id,charge,issuing_country_id,passport_number,passport_country_id,date_of_publication,favourite_colour
2026/4021,HAMADA,Salem Ould,Salim Hamada|Abou Salem,1971/06/19,M,LY|NE,Ghat,LY,Trafficking in weapons,LY,A0042817,LY,2026/11/02,green
2026/4022,ZENATI,Warda,,1984,F,DZ,,,Forgery,DZ,,,,
,NOBODY,,,,,,,,,,,,,
"""
