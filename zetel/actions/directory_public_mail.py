"""Domains on which anybody can have an address: none of them says which company a person works for (rule S7).

A list of well-known ones, as data. An address on one that is missing here still has to be verified, so the damage of
a gap is one odd organization, which support can see and undo.
"""

_LISTED = """
gmail.com googlemail.com
outlook.com outlook.nl outlook.be outlook.de outlook.fr outlook.es outlook.it outlook.pt outlook.jp outlook.co.th
hotmail.com hotmail.nl hotmail.be hotmail.de hotmail.fr hotmail.es hotmail.it hotmail.co.uk hotmail.co.jp
live.com live.nl live.be live.de live.fr live.it live.co.uk live.se live.dk live.no msn.com windowslive.com
passport.com
yahoo.com yahoo.nl yahoo.de yahoo.fr yahoo.es yahoo.it yahoo.co.uk yahoo.co.jp yahoo.co.in yahoo.in yahoo.ca
yahoo.com.br yahoo.com.ar yahoo.com.mx yahoo.com.au yahoo.com.hk yahoo.com.tw yahoo.com.sg ymail.com
rocketmail.com myyahoo.com aol.com aol.de aol.fr aol.co.uk aim.com
icloud.com me.com mac.com
proton.me protonmail.com protonmail.ch pm.me
gmx.com gmx.de gmx.net gmx.at gmx.ch gmx.fr gmx.es gmx.co.uk gmx.us mail.com email.com web.de
freenet.de t-online.de arcor.de posteo.de posteo.net mailbox.org vodafone.de kabelmail.de online.de
zoho.com zohomail.com zohomail.eu fastmail.com fastmail.fm hey.com tuta.com tutanota.com tutanota.de tutamail.com
tuta.io keemail.me startmail.com hushmail.com runbox.com disroot.org riseup.net mailfence.com kolabnow.com
duck.com mozmail.com privaterelay.appleid.com simplelogin.com anonaddy.com addy.io
ziggo.nl kpnmail.nl kpnplanet.nl planet.nl hetnet.nl home.nl xs4all.nl upcmail.nl chello.nl casema.nl quicknet.nl
online.nl tele2.nl telfort.nl solcon.nl zeelandnet.nl caiway.nl caiway.net kabelfoon.nl wanadoo.nl versatel.nl
telenet.be skynet.be proximus.be scarlet.be pandora.be belgacom.net voo.be
orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr bbox.fr numericable.fr
btinternet.com bt.com sky.com talktalk.net virginmedia.com ntlworld.com blueyonder.co.uk tiscali.co.uk
libero.it virgilio.it tiscali.it alice.it tin.it tim.it fastwebnet.it inwind.it
telefonica.net terra.es movistar.es sapo.pt iol.pt
bluewin.ch sunrise.ch hispeed.ch aon.at chello.at
wp.pl o2.pl onet.pl interia.pl op.pl gazeta.pl tlen.pl poczta.onet.pl
seznam.cz email.cz centrum.cz centrum.sk azet.sk zoznam.sk freemail.hu citromail.hu
abv.bg mail.bg yahoo.ro inbox.lv inbox.lt mail.ee
telia.com bredband.net spray.se comhem.se online.no jubii.dk mail.dk suomi24.fi luukku.com
mail.ru inbox.ru list.ru bk.ru internet.ru yandex.ru yandex.com ya.ru rambler.ru ukr.net i.ua meta.ua
comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net juno.com
netzero.net optonline.net frontier.com windstream.net roadrunner.com
rogers.com shaw.ca sympatico.ca bell.net telus.net videotron.ca
bigpond.com bigpond.net.au optusnet.com.au iinet.net.au xtra.co.nz
uol.com.br bol.com.br terra.com.br ig.com.br globo.com
qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com aliyun.com 139.com 189.cn
naver.com daum.net hanmail.net kakao.com nate.com
docomo.ne.jp ezweb.ne.jp softbank.ne.jp i.softbank.jp nifty.com biglobe.ne.jp
rediffmail.com sify.com indiatimes.com walla.co.il walla.com
mailinator.com guerrillamail.com 10minutemail.com yopmail.com temp-mail.org tempmail.com trashmail.com
sharklasers.com getnada.com dispostable.com maildrop.cc throwawaymail.com
"""

PUBLIC_MAIL_DOMAINS = frozenset(_LISTED.split())
