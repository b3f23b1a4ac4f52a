/**
 * What names of fields tell, in English, German, French and Spanish. Category names follow Fideslang
 * (https://ethyca.github.io/fideslang). The first entry that fits counts: what is worth more protection stands first.
 */
import { type WordList, wordList } from './name-words.ts';

export type NameRule = {
  readonly category: string;
  readonly fits: WordList;
  /** Says so little alone that only values, or a person, can be sure. */
  readonly vague?: true;
};

const rule = (category: string, words: string): NameRule => ({ category, fits: wordList(words) });
const vague = (category: string, words: string): NameRule => ({ ...rule(category, words), vague: true });

export const NAME_RULES: readonly NameRule[] = [
  // Identifiers that contain the words of something else.
  rule(
    'user.device.device_id',
    'device_id device_uuid device_fingerprint advertising_id android_id idfa gaid imei mac! mac_address geraete_id',
  ),
  rule('user.device.cookie_id', 'cookie session_id sessionid! visitor_token'),
  rule(
    'user.authorization.credentials',
    'password passwd pwd passwort kennwort mot_de_passe contrasena passphrase secret api_key access_token refresh_token auth_token id_token session_token otp cvv cvc cvv2 credentials private_key pin! token! jwt security_answer',
  ),
  rule('user.health.genetic', 'genetic genome genom dna genetik genetique genetico'),
  rule(
    'user.health',
    'health gesundheit sante! salud! diagnos allerg medical medicine medizin medication medikament medicament disease krankheit krankenkasse krankenversicherung maladie enfermedad symptom blood_type blood_group blutgruppe groupe_sanguin disability behinderung handicap discapacidad pregnan schwanger enceinte embaraz icd! prescription ordonnance patient therapy therapie treatment! behandlung heart_rate bmi! vaccin impf',
  ),
  rule('user.biometric', 'biometri finger_print fingerabdruck empreinte faceprint face_id voiceprint iris! retina'),
  rule('user.demographic.ethnicity', 'ethnic ethnie ethnisch race! rasse! raza! skin_color hautfarbe'),
  rule('user.demographic.religious_belief', 'religio konfession faith! church kirche religieu'),
  rule('user.demographic.political_opinion', 'political politisch politique politico partei! party_membership'),
  rule(
    'user.demographic.sexual_orientation',
    'sexual_orientation sexuelle_orientierung orientation_sexuelle orientacion_sexual sexuality sexualit',
  ),
  rule('user.employment.trade_union', 'trade_union labor_union union_member gewerkschaft syndicat sindicato'),
  rule('user.criminal_history', 'criminal conviction vorstrafe straftat casier_judiciaire antecedentes_penales'),

  rule('user.government_id.passport_number', 'passport reisepass passeport pasaporte'),
  rule(
    'user.government_id.drivers_license_number',
    'driver_license drivers_license driving_licence fuehrerschein fuhrerschein permis_conduire permis_de_conduire carnet_de_conducir',
  ),
  rule(
    'user.government_id',
    'ssn! social_security sozialversicherung sv_nummer svnr national_id identity_card id_card idcard! personalausweis ausweis nir! securite_sociale numero_secu seguridad_social dni! nie! nif! cedula curp! cpf! pesel bsn! aadhaar tax_id taxpayer steuer_id steuernummer steueridentifikation numero_fiscal vat_id government_id license_plate kennzeichen immatriculation matricula!',
  ),
  rule(
    'user.financial.credit_card',
    'card_number card_no credit_card debit_card kreditkarte kartennummer carte_bancaire carte_credit carte_de_credit numero_carte tarjeta pan! cc_number ccnum card_pan primary_account_number',
  ),
  rule(
    'user.financial.account_number',
    'iban bic! swift_code account_number account_no kontonummer konto_nr kontonr bankverbindung numero_compte numero_de_compte numero_cuenta numero_de_cuenta bank_account sort_code routing_number blz! bankleitzahl',
  ),
  rule(
    'user.financial',
    'salary income! gehalt einkommen salaire revenus salario ingresos credit_score schufa bonitaet bonitat kontostand account_balance bank!',
  ),

  rule(
    'user.location.precise',
    'latitude longitude lat! lon! lng! breitengrad laengengrad langengrad latitud longitud coordinates koordinaten coordonnees coordenadas gps! geo! geohash geolocation geo_point position! standort',
  ),
  rule('user.location.imprecise', 'timezone time_zone zeitzone fuseau_horaire zona_horaria'),

  rule(
    'user.device.ip_address',
    'ip! ip_address ip_addr ip_adresse adresse_ip direccion_ip ipv4! ipv6! ipv! remote_addr client_ip source_ip forwarded_for',
  ),
  rule('user.device.user_agent', 'user_agent ua! agent_string'),

  rule('user.contact.email', 'email e_mail mail! mailadresse courriel correo_electronico correo! mails!'),
  rule(
    'user.contact.phone_number',
    'phone telephone telefon telefono rufnummer handynummer handy! mobile! mobil! mobilnummer movil! celular portable! tel! tel_nr fax! faxnummer msisdn whatsapp cell_number',
  ),
  rule(
    'user.name.first',
    'first_name firstname given_name forename vorname prenom nombre_de_pila primer_nombre middle_name fname!',
  ),
  rule(
    'user.name.last',
    'last_name surname family_name nachname familienname geburtsname maiden_name nom_de_famille nom_famille apellido lname!',
  ),
  rule(
    'user.contact.address.postal_code',
    'zip! zip_code postal_code postcode post_code plz! postleitzahl code_postal codigo_postal postal!',
  ),
  rule(
    'user.contact.address.street',
    'street strasse str! rue! calle! avenue! address_line adresszeile hausnummer house_number hausnr numero_de_rue numero_calle strassenname',
  ),
  rule(
    'user.contact.address.city',
    'city! town! ort! wohnort stadt! ville! ciudad localidad commune! municipality city_name',
  ),
  rule(
    'user.contact.address.country',
    'country land! laendercode landercode pays! pais! nation! nationality staatsangehoerigkeit staatsangehorigkeit nationalite nacionalidad',
  ),
  rule(
    'user.contact.address.state',
    'bundesland province provinz provincia departement county! state_code region! region_code',
  ),
  rule('user.contact.address', 'address addr! adresse anschrift direccion domicilio wohnsitz'),

  rule(
    'user.demographic.date_of_birth',
    'birth! birth_date birthdate birthday date_of_birth dob! geburt geboren naissance anniversaire nacimiento cumpleanos born!',
  ),
  rule(
    'user.demographic.gender',
    'gender sex! geschlecht sexe! genero! sexo! salutation anrede civilite tratamiento pronouns',
  ),
  rule('user.demographic.marital_status', 'marital familienstand etat_civil situation_familiale estado_civil'),
  rule('user.demographic.age', 'age! alter! edad! age_range age_group altersgruppe tranche_age'),
  rule('user.demographic.language', 'language! locale! sprache! langue! idioma! lang! preferred_language'),
  rule(
    'user.employment',
    'employer employee_id job! job_title occupation profession beruf arbeitgeber employeur empleador puesto_de_trabajo',
  ),
  rule('user.social', 'twitter facebook instagram linkedin tiktok social_media social_handle'),

  rule(
    'user.unique_id',
    'user_id customer_id client_id member_id account_id visitor_id subject_id person_id profile_id subscriber_id player_id guest_id contact_id anonymous_id loyalty_id passenger_id owner_id uid! userid! username user_name login! nickname handle! pseudo! kunden_id kundennummer kundennr kunden_nr benutzer_id benutzername nutzer_id mitgliedsnummer id_client id_utilisateur utilisateur_id numero_client nom_utilisateur identifiant cliente_id id_cliente usuario_id id_usuario numero_cliente usuario! loyalty_number',
  ),

  rule(
    'user.behavior.search_history',
    'search_query search_term query! suchbegriff suche! recherche busqueda keywords! search!',
  ),
  rule(
    'user.behavior.browsing_history',
    'url! uri! referrer referer page! page_url page_path landing_page link! clicked visited click! pageview utm!',
  ),
  rule(
    'user.content',
    'comment message note! notes! notiz body! free_text freitext text! kommentar bemerkung nachricht mensaje comentario commentaire remarque remark review bewertung feedback description beschreibung bio! about_me subject_line reason! grund! transcript',
  ),
  rule(
    'user.behavior.purchase_history',
    'order order_id purchase cart! basket invoice rechnung bestell warenkorb artikel commande achat! panier pedido compra carrito sku! product produkt produit producto item! items! price! unit_price preis! prix! precio amount! betrag montant importe total! subtotal quantity qty! menge! quantite cantidad currency waehrung wahrung devise moneda coupon gutschein discount rabatt payment zahlung paiement pago shipping versand delivery lieferung livraison envio refund',
  ),
  rule('user.device', 'device browser os! operating_system platform! geraet screen! viewport user_device'),
  rule(
    'user.behavior',
    'preferences interests hobbies activity behavior behaviour attributes! traits! segment score! loyalty subscription',
  ),
  rule('user.name', 'full_name display_name vollstaendiger_name nom_complet nombre_completo'),
  rule('user.contact', 'contact! contacts! kontakt! kontakte! contacto'),
  vague('user.name', 'name! names! nom! nombre! nombres!'),
];

/** Not about a person by itself, unless what is around it is. */
export const SYSTEM_RULES: readonly NameRule[] = [
  rule(
    'system.operations',
    'trace_id span_id traceparent correlation_id request_id causation_id message_id hostname host! server! log_level environment! env! service! service_name build! partition! offset! schema_id pod! cluster! datacenter',
  ),
  rule(
    'system',
    'event event_id event_type event_name type! kind! action! version! schema_version spec_version source! producer! channel! status! state! occurred_at created_at updated_at ingested_at received_at sent_at processed_at published_at timestamp ts! event_time time! datetime date_time zeitpunkt zeitstempel horodatage fecha_hora fecha! created! modified! sequence seq! revision tenant tenant_id topic! format! encoding! success! retry retries',
  ),
];

/** Things that have names, ids and types of their own, which are those of no person. */
export const THINGS: WordList = wordList(
  'event product produkt produit producto item! items! category file! host! app! application page! campaign store! shop! schema service! brand model! plan! feature topic! class! method! package! carrier vendor merchant',
);

/** What is beneath or beside these is about a person. */
export const PEOPLE: WordList = wordList(
  'user customer client! member! visitor account! person! people! subject! subscriber player! guest! passenger contact! kunde! kunden! benutzer nutzer mitglied besucher utilisateur membre! visiteur cliente! usuario miembro profile! profil! owner! employee! patient buyer kaeufer recipient sender author! friend friends! family! child! children! parent! spouse partner! beneficiary holder traveler student',
);

/** Words of fields that tell nothing of what is in them, but that somebody chose them as a name. */
export const FIELD_WORDS: WordList = wordList(
  'id! ids! no! nr! number! nummer! numero! num! code! uuid! guid! ref! reference key! value! wert! valeur! valor! values! type! kind! flag! is! has! was! at! on! by! of! from! to! count! max! min! avg! sum! size! length! width! height! weight! color! colour! data! payload! meta! metadata! properties! attributes! details info! header headers! context! tags! labels! options! settings config list! array! index! position! start! end! begin! first! last! next! previous! created! updated! deleted! enabled! active! valid! verified! default! current! new! old! level! tier! group! role! mode! method! rate! unit! percent! brand! model! device! line! title! label! score! rank! date! datum! day! month! year! hour! minute! second! time! duration! expires! expiry! point! street! points! primary! secondary! home! work! billing! shipping! before! after! root! node! parent! child! fields! records! entries! items! result! results! error! errors! warning! image! photo! file! path! lines! marketing newsletter consent! opt! url! hash! checksum! signature! nested deep! inner! outer! map! object! content! extra! custom! external! internal! sub! main! other! misc! raw!',
);
